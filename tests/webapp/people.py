"""The cast of every test: a team with Alice (owner), Anna (admin), Bob (member), Victor (viewer); Charlie is outside.

tests/webapp/conftest.py hands the fixtures to every test of the web application.
"""

import pytest
from django.test import Client

from webapp.accounts.models import Membership, Role, Team, User

PASSWORD = "correct horse battery staple"


def make_person(name: str, team: Team | None = None, role: Role = Role.MEMBER, password: str | None = None) -> User:
    """Somebody new. Without a password (hashing one takes a tenth of a second) they sign in by `client_of` alone."""
    user = User.objects.create_user(f"{name.lower()}@example.com", password, name=name)
    if team:
        Membership.objects.create(team=team, user=user, role=role)
    return user


def client_of(user: User | None) -> Client:
    """A browser in which that person is signed in; for None a stranger's."""
    client = Client()
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def team(db) -> Team:
    return Team.objects.create(name="Aurora")


@pytest.fixture
def alice(team: Team) -> User:
    return make_person("Alice", team, Role.OWNER)


@pytest.fixture
def anna(team: Team) -> User:
    return make_person("Anna", team, Role.ADMIN)


@pytest.fixture
def bob(team: Team) -> User:
    return make_person("Bob", team, Role.MEMBER)


@pytest.fixture
def victor(team: Team) -> User:
    return make_person("Victor", team, Role.VIEWER)


@pytest.fixture
def charlie(db) -> User:
    """Owns a team of his own, so that what he may not see is refused for being Alice's and not for his having none."""
    return make_person("Charlie", Team.objects.create(name="Borealis"), Role.OWNER)
