"""By which links people come in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.webapp.people import PASSWORD, client_of, make_person
from webapp.accounts import services
from webapp.accounts.forms import SignupForm
from webapp.accounts.models import Invitation, Membership, Role, User

pytestmark = pytest.mark.django_db


def invite(by: User, role: Role = Role.MEMBER, email: str = "") -> str:
    """The path of a new invitation's link."""
    _invitation, link = services.invite(by=by.memberships.get(), role=role, email=email)
    return path_of(link)


def path_of(link: str) -> str:
    return link[link.index("/join/") :]


def sign_up(client: Client, name: str = "Dora", **fields: str):
    person = {"name": name, "email": f"{name.lower()}@example.com", "password1": PASSWORD}
    return client.post("/account/signup/", person | fields)


def test_the_first_run_link_makes_an_owner_and_their_team():
    client = Client()
    assert client.get(path_of(services.first_run_link())).url == "/account/signup/"
    assert sign_up(client, team_name="Aurora").status_code == 302
    membership = Membership.objects.get()
    assert (membership.user.name, membership.team.name, membership.role) == ("Dora", "Aurora", Role.OWNER)
    assert client.get("/settings/team/").status_code == 200


def test_the_first_run_link_asks_for_the_name_of_the_team():
    client = Client()
    client.get(path_of(services.first_run_link()))
    response = sign_up(client)
    assert "team_name" in response.context["form"].errors
    assert not User.objects.exists()


def test_each_first_run_link_replaces_the_one_before(db):
    first, second = services.first_run_link(), services.first_run_link()
    assert Client().get(path_of(first)).status_code == 404
    assert Client().get(path_of(second)).status_code == 302


def test_there_is_no_first_run_link_once_there_is_an_owner(alice):
    assert services.first_run_link() is None


def test_a_first_run_link_that_lies_about_is_dead_once_there_is_an_owner():
    services.first_run_link()
    services.create_team(name="Aurora", owner=make_person("Alice"))
    with pytest.raises(services.InvitationGone):
        services.accept_invitation(invitation=Invitation.objects.get(), user=make_person("Dora"), team_name="Mine")
    assert Invitation.objects.get().accepted_at is None


def test_somebody_signed_in_without_a_team_names_one_by_the_first_run_link():
    link = path_of(services.first_run_link())
    client = client_of(make_person("Dora"))
    assert "team_name" in client.post(link, {"team_name": " "}).context["form"].errors
    client.post(link, {"team_name": "Aurora"})
    assert Membership.objects.get().role == Role.OWNER


def test_an_invitation_says_who_invites_to_which_team(alice):
    page = Client().get(invite(alice, Role.VIEWER)).content.decode()
    assert "Alice invites you to join Aurora as Viewer." in page


def test_a_newcomer_signs_up_into_the_team_with_the_role_of_the_invitation(alice, team):
    client = Client()
    client.get(invite(alice, Role.VIEWER))
    assert sign_up(client).status_code == 302
    dora = User.objects.get(name="Dora")
    assert dora.memberships.get().team == team
    assert dora.memberships.get().role == Role.VIEWER
    assert dora.password.startswith("argon2$argon2id$")
    assert client.get("/settings/profile/").status_code == 200


def test_who_is_signed_in_joins_with_one_button_and_works_in_that_team(alice, charlie, team):
    link, client = invite(alice), client_of(charlie)
    assert "Join Aurora" in client.get(link).content.decode()
    client.post(link)
    assert charlie.memberships.get(team=team).role == Role.MEMBER
    assert client.get("/settings/team/").context["own"].team == team


def test_opening_the_link_alone_joins_nobody(alice, charlie, team):
    client_of(charlie).get(invite(alice))
    assert not charlie.memberships.filter(team=team).exists()


def test_who_signs_in_with_an_invitation_in_hand_is_told_and_joins(alice, team):
    dora = make_person("Dora", password=PASSWORD)
    client = Client()
    client.get(invite(alice))
    assert "Signing in accepts this." in client.get("/account/login/").content.decode()
    client.post("/account/login/", {"login": dora.email, "password": PASSWORD})
    assert dora.memberships.get().team == team


def test_signing_in_without_an_invitation_says_nothing_of_one(db):
    assert "Signing in accepts this." not in Client().get("/account/login/").content.decode()


def test_an_invitation_taken_meanwhile_lets_people_sign_in_all_the_same(alice, team):
    dora = make_person("Dora", password=PASSWORD)
    client, link = Client(), invite(alice)
    client.get(link)
    client_of(make_person("Erik")).post(link)
    response = client.post("/account/login/", {"login": dora.email, "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/settings/profile/").status_code == 200
    assert not dora.memberships.exists()


def test_an_invitation_cannot_be_used_twice(alice, charlie):
    link = invite(alice)
    client_of(make_person("Dora")).post(link)
    for client in (client_of(charlie), Client()):
        response = client.post(link)
        assert response.status_code == 410
        assert "ask whoever sent it for a new one" in response.content.decode()
    assert charlie.memberships.count() == 1


def test_an_invitation_expires(alice, charlie):
    link = invite(alice)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = client_of(charlie).post(link)
    assert response.status_code == 410
    assert "This invitation is too old" in response.content.decode()
    assert charlie.memberships.count() == 1


def test_a_wrong_token_opens_nothing(alice):
    link = invite(alice)
    response = Client().get(link[:-2] + ("A/" if link[-2] != "A" else "B/"))
    assert response.status_code == 404
    assert "Check that you have copied all of it" in response.content.decode()


def test_a_withdrawn_invitation_opens_nothing(alice):
    link, client = invite(alice), client_of(alice)
    client.post(f"/invitations/{Invitation.objects.get().pk}/revoke/")
    assert Client().get(link).status_code == 404


def test_the_database_gives_no_links_away(alice):
    token = invite(alice).split("/")[2]
    row = Invitation.objects.values().get()
    assert token not in str(row)


def test_nobody_signs_up_without_an_invitation(db):
    response = sign_up(Client())
    assert response.status_code == 403
    assert "Sign-up needs an invitation" in response.content.decode()
    assert not User.objects.exists()


def test_a_sign_up_that_loses_the_race_for_the_link_leaves_no_account_behind(alice):
    client, link = Client(), invite(alice)
    client.get(link)
    assert client.get("/account/signup/").status_code == 200
    client_of(make_person("Erik")).post(link)
    assert sign_up(client).status_code == 403
    assert not User.objects.filter(name="Dora").exists()


def test_an_invitation_taken_between_check_and_save_undoes_the_account(alice):
    invite(alice)
    invitation = Invitation.objects.get()
    request = Client().get("/account/login/").wsgi_request
    data = {"name": "Dora", "email": "dora@example.com", "password1": PASSWORD}
    form = SignupForm(data, invitation=invitation)
    assert form.is_valid(), form.errors
    Invitation.objects.update(accepted_at=timezone.now())
    with pytest.raises(services.InvitationGone):
        form.save(request)
    assert not User.objects.filter(name="Dora").exists()


def test_an_address_that_has_an_account_gets_a_sentence_and_the_invitation_stays_open(alice):
    client = Client()
    client.get(invite(alice))
    response = sign_up(client, email="ALICE@example.com")
    assert "Sign in with it to join" in str(response.context["form"].errors["email"])
    assert Invitation.waiting().exists()


def test_an_invitation_for_one_address_lets_only_that_person_in(alice, charlie):
    link = invite(alice, email="Dora@example.com")
    client_of(charlie).post(link)
    assert charlie.memberships.count() == 1
    stranger = Client()
    stranger.get(link)
    assert "email" in sign_up(stranger, "Erik").context["form"].errors
    assert sign_up(stranger, "Dora").status_code == 302
    assert User.objects.get(name="Dora").memberships.exists()


def test_a_member_who_opens_a_link_to_their_own_team_does_not_use_it_up(alice, bob):
    client_of(bob).post(invite(alice, Role.ADMIN))
    assert bob.memberships.get().role == Role.MEMBER
    assert Invitation.waiting().exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_only_one_gets_in(alice, team):
    invite(alice)
    people = [make_person(name) for name in ("Dora", "Erik", "Fay", "Gus")]

    def accept(user: User) -> bool:
        try:
            services.accept_invitation(invitation=Invitation.objects.get(), user=user)
        except services.InvitationGone:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sorted(pool.map(accept, people)) == [False, False, False, True]
    assert Membership.objects.filter(team=team).exclude(user=alice).count() == 1
