"""A new password for who has forgotten theirs: by mail, or by a link that an admin makes."""

import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import CommandError, call_command
from django.test import Client

from tests.webapp.people import PASSWORD, client_of, make_person
from webapp.accounts import services
from webapp.accounts.models import Membership, Role, Team, User

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "seven green umbrellas sing"


class NoConnection(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected


@pytest.fixture
def sends_mail(settings):
    settings.EMAIL_HOST = "mail.example.com"


def make_link(by: User, whom: User, team: Team):
    return client_of(by).post(f"/members/{whom.memberships.get(team=team).pk}/reset-link/")


def set_password(link: str, base_url: str):
    client = Client()
    form = client.get(link.removeprefix(base_url))
    return client.post(form.url, {"password1": NEW_PASSWORD})


def can_sign_in(user: User, password: str) -> bool:
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": password})
    return "_auth_user_id" in client.session


def test_an_admin_makes_a_link_by_which_a_member_sets_a_new_password(anna, bob, team, settings):
    response = make_link(anna, bob, team)
    link = response.context["reset_link"]
    assert f'value="{link}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert set_password(link, settings.BASE_URL).status_code == 302
    assert can_sign_in(bob, NEW_PASSWORD)


def test_a_reset_link_works_once(anna, bob, team, settings):
    link = make_link(anna, bob, team).context["reset_link"]
    set_password(link, settings.BASE_URL)
    response = Client().get(link.removeprefix(settings.BASE_URL))
    assert "This link does not work any more" in response.content.decode()


def test_a_reset_link_dies_when_its_person_signs_in_after_all(anna, team, settings):
    dora = make_person("Dora", team, password=PASSWORD)
    link = make_link(anna, dora, team).context["reset_link"]
    assert can_sign_in(dora, PASSWORD)
    assert "This link does not work any more" in Client().get(link.removeprefix(settings.BASE_URL)).content.decode()


def test_a_new_password_ends_the_sessions_that_the_old_one_opened(anna, bob, team, settings):
    client = client_of(bob)
    set_password(make_link(anna, bob, team).context["reset_link"], settings.BASE_URL)
    assert client.get("/settings/profile/").status_code == 302


def test_an_admin_cannot_make_a_link_for_an_owner(anna, alice, team):
    assert make_link(anna, alice, team).status_code == 403


def test_an_admin_cannot_make_a_link_for_who_belongs_to_a_team_beyond_their_reach(anna, bob, charlie, team):
    elsewhere = charlie.memberships.get().team
    Membership.objects.create(team=elsewhere, user=bob, role=Role.VIEWER)
    assert make_link(anna, bob, team).status_code == 403


def test_being_a_mere_member_of_that_other_team_is_not_enough(anna, bob, charlie, team):
    elsewhere = charlie.memberships.get().team
    Membership.objects.create(team=elsewhere, user=bob, role=Role.VIEWER)
    Membership.objects.create(team=elsewhere, user=anna, role=Role.MEMBER)
    assert make_link(anna, bob, team).status_code == 403


def test_nor_is_being_an_admin_there_of_who_is_an_owner_there(anna, bob, charlie, team):
    elsewhere = charlie.memberships.get().team
    Membership.objects.create(team=elsewhere, user=bob, role=Role.OWNER)
    Membership.objects.create(team=elsewhere, user=anna, role=Role.ADMIN)
    assert make_link(anna, bob, team).status_code == 403


def test_an_admin_of_all_their_teams_may_make_the_link(anna, bob, charlie, team):
    elsewhere = charlie.memberships.get().team
    Membership.objects.create(team=elsewhere, user=bob, role=Role.MEMBER)
    Membership.objects.create(team=elsewhere, user=anna, role=Role.ADMIN)
    assert make_link(anna, bob, team).status_code == 200


def test_the_page_offers_the_button_only_where_it_works(anna, alice, bob, victor, charlie, team):
    Membership.objects.create(team=charlie.memberships.get().team, user=bob, role=Role.VIEWER)
    offered = client_of(anna).get("/settings/team/").context["resettable"]
    assert offered == {victor.pk}


def test_nobody_makes_a_link_for_themselves(alice, team):
    assert make_link(alice, alice, team).status_code == 403


def test_where_no_mail_is_sent_the_page_says_who_can_help(alice):
    page, client = "/account/password/reset/", Client()
    for response in (client.get(page), client.post(page, {"email": alice.email})):
        assert "This install sends no mail. Ask an admin" in response.content.decode()
    assert mail.outbox == []


def test_by_mail_a_link_comes_under_our_own_address(sends_mail, settings, alice):
    settings.ALLOWED_HOSTS = ["evil.example.com"]
    client = Client(headers={"host": "evil.example.com"})
    response = client.post("/account/password/reset/", {"email": "Alice@Example.com"})
    assert response.url == "/account/password/reset/done/"
    [letter] = mail.outbox
    assert letter.subject == "Set a new password for Colloquy"
    [link] = [line for line in letter.body.splitlines() if line.startswith("http")]
    assert link.startswith(f"{settings.BASE_URL}/account/password/reset/key/")
    settings.ALLOWED_HOSTS = ["testserver"]
    set_password(link, settings.BASE_URL)
    assert can_sign_in(alice, NEW_PASSWORD)


def test_the_answer_does_not_tell_whether_there_is_an_account(sends_mail, alice):
    known = Client().post("/account/password/reset/", {"email": alice.email})
    unknown = Client().post("/account/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert "has no account there" in mail.outbox[1].body


def test_a_mail_server_that_does_not_answer_is_said_to_anybody_alike(sends_mail, settings, alice):
    settings.EMAIL_BACKEND = f"{__name__}.{NoConnection.__name__}"
    for email in (alice.email, "nobody@example.com"):
        response = Client().post("/account/password/reset/", {"email": email})
        assert "The mail could not be sent." in response.content.decode()


def test_asking_again_and_again_is_slowed_down(sends_mail, alice):
    statuses = [Client().post("/account/password/reset/", {"email": alice.email}).status_code for _ in range(4)]
    assert statuses == [302, 302, 302, 429]


def test_the_command_prints_a_link_for_a_person(alice, settings, capsys):
    call_command("link", "ALICE@example.com")
    link = capsys.readouterr().out.strip()
    set_password(link, settings.BASE_URL)
    assert can_sign_in(alice, NEW_PASSWORD)


def test_the_command_prints_the_first_run_link_while_there_is_no_owner(db, settings, capsys):
    call_command("link")
    link = capsys.readouterr().out.strip()
    assert Client().get(link.removeprefix(settings.BASE_URL)).url == "/account/signup/"
    services.create_team(name="Aurora", owner=make_person("Alice"))
    with pytest.raises(CommandError, match="There is an owner already"):
        call_command("link")


def test_the_command_does_not_know_strangers(db):
    with pytest.raises(CommandError, match="Nobody here has the e-mail"):
        call_command("link", "nobody@example.com")
