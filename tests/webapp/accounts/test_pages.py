"""What holds for every page of the entrance and the settings: strict, labelled, and kind when something is wrong."""

import re

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from tests.webapp.people import client_of
from webapp.accounts import services
from webapp.accounts.models import Role

pytestmark = pytest.mark.django_db

SIGNED_OUT = ["/account/login/", "/account/signup/", "/account/password/reset/", "/account/password/reset/done/"]
SIGNED_OUT += ["/account/password/reset/key/done/", "/account/password/reset/key/1-abc-def/", "/account/inactive/"]
SIGNED_IN = ["/settings/profile/", "/settings/password/set/", "/settings/team/", "/teams/new/", "/account/logout/"]


def invitation_link(alice) -> str:
    _invitation, link = services.invite(by=alice.memberships.get(), role=Role.MEMBER)
    return link[link.index("/join/") :]


def pages(alice) -> dict[str, str]:
    """Address -> HTML of every page, with an invitation in hand where that shows more."""
    stranger, member = Client(), client_of(alice)
    link = invitation_link(alice)
    found = {link: stranger.get(link).content.decode(), "/join/none/": stranger.get("/join/none/").content.decode()}
    found |= {path: stranger.get(path).content.decode() for path in SIGNED_OUT}
    return found | {path: member.get(path).content.decode() for path in SIGNED_IN}


def test_no_page_holds_what_the_content_security_policy_forbids(alice, bob):
    for path, html in pages(alice).items():
        assert not re.search(r"""<[^>]*\s(style|on[a-z]+)=["']""", html), path
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)|javascript:", html), path


def test_every_field_that_one_sees_has_a_name_for_who_cannot_see_it(alice, bob):
    for path, html in pages(alice).items():
        labels = set(re.findall(r'<label for="([^"]+)"', html))
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html):
            if 'type="hidden"' in field or "aria-label=" in field or 'aria-hidden="true"' in field:
                continue
            radio_within_its_label = 'type="radio"' in field
            assert radio_within_its_label or re.search(r'\bid="([^"]+)"', field)[1] in labels, (path, field)


def test_password_managers_are_told_which_field_is_which(alice):
    html = "".join(pages(alice).values())
    for name, purpose in (("login", "username"), ("password", "current-password"), ("password1", "new-password")):
        assert re.search(rf'<input[^>]*name="{name}"[^>]*autocomplete="{purpose}"', html), name


def test_an_error_is_tied_to_its_field(alice):
    client = Client()
    client.get(invitation_link(alice))
    html = client.post("/account/signup/", {"name": "Dora", "email": "dora@", "password1": "x"}).content.decode()
    field = re.search(r'<input[^>]*name="email"[^>]*>', html)[0]
    assert 'aria-invalid="true"' in field
    assert 'id="id_email_error"' in html
    assert re.search(r'aria-describedby="[^"]*id_email_error', field)
    assert 'value="dora@"' in field


def test_an_address_that_is_nowhere_says_so_to_strangers_and_members(alice):
    for client in (Client(), client_of(alice)):
        response = client.get("/nowhere/")
        assert response.status_code == 404
        assert "There is nothing here" in response.content.decode()


def test_a_refusal_says_whom_to_ask(bob, team):
    response = client_of(bob).post(f"/teams/{team.pk}/name/", {"team_name": "Mine"})
    assert "Ask an admin of the team." in response.content.decode()


def test_a_form_that_has_grown_old_says_what_to_do(db):
    response = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "a@example.com", "password": "x"})
    assert response.status_code == 403
    assert "This page has been open too long" in response.content.decode()


def test_the_page_for_our_own_faults_needs_nothing_that_may_be_broken(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "The fault is ours" in response.content.decode()
