"""Every route of a team, tried by those who may not."""

import pytest
from django.test import Client

from tests.webapp.people import client_of
from webapp.accounts import services
from webapp.accounts.models import Invitation, Role

pytestmark = pytest.mark.django_db

FOR_ADMINS = [
    "/teams/{team}/name/",
    "/teams/{team}/invitations/",
    "/invitations/{invitation}/revoke/",
    "/members/{member}/role/",
    "/members/{member}/remove/",
    "/members/{member}/reset-link/",
]
FOR_MEMBERS = ["/teams/{team}/switch/", "/teams/{team}/leave/"]
SIGNED_IN = ["/settings/profile/", "/settings/password/", "/settings/team/", "/teams/new/", "/teams/none/"]

UNUSED = ["email/", "confirm-email/", "confirm-email/abc/", "reauthenticate/", "login/code/", "login/code/confirm/"]
UNUSED += ["password/set/", "password/change/", "password/reset/confirm/", "phone/verify/", "phone/change/"]


@pytest.fixture
def ids(alice, bob, team) -> dict[str, int]:
    invitation, _link = services.invite(by=alice.memberships.get(), role=Role.MEMBER)
    return {"team": team.pk, "invitation": invitation.pk, "member": bob.memberships.get().pk}


@pytest.mark.parametrize("route", FOR_ADMINS + FOR_MEMBERS)
def test_an_outsider_finds_nothing(route, ids, charlie):
    assert client_of(charlie).post(route.format(**ids)).status_code == 404


@pytest.mark.parametrize("route", FOR_ADMINS)
@pytest.mark.parametrize("person", ["bob", "victor"])
def test_a_role_that_is_too_low_is_refused(route, person, ids, request):
    request.getfixturevalue("victor")
    assert client_of(request.getfixturevalue(person)).post(route.format(**ids)).status_code == 403


@pytest.mark.parametrize("route", FOR_ADMINS + FOR_MEMBERS)
def test_what_does_not_exist_looks_as_what_is_not_yours(route, alice):
    nowhere = {"team": 999_999_999, "invitation": 999_999_999, "member": 999_999_999}
    assert client_of(alice).post(route.format(**nowhere)).status_code == 404


@pytest.mark.parametrize("route", FOR_ADMINS + FOR_MEMBERS + ["/settings/theme/"])
def test_a_link_cannot_do_what_needs_a_button(route, ids, alice):
    assert client_of(alice).get(route.format(**ids)).status_code == 405


@pytest.mark.parametrize("route", FOR_ADMINS + FOR_MEMBERS)
def test_a_stranger_who_presses_a_button_is_sent_to_sign_in(route, ids):
    response = Client().post(route.format(**ids))
    assert response.status_code == 302
    assert response.url.startswith("/account/login/")


@pytest.mark.parametrize("route", SIGNED_IN)
def test_a_stranger_who_asks_for_a_page_is_sent_to_sign_in(route, db):
    assert Client().get(route).url == f"/account/login/?next={route}"


def test_the_first_run_invitation_belongs_to_no_team_and_cannot_be_withdrawn(charlie):
    charlie.memberships.update(role=Role.ADMIN)
    services.first_run_link()
    assert client_of(charlie).post(f"/invitations/{Invitation.objects.get().pk}/revoke/").status_code == 404


@pytest.mark.parametrize("path", UNUSED)
def test_pages_of_allauth_that_we_do_not_use_are_not_there(path, alice):
    assert client_of(alice).get(f"/account/{path}").status_code == 404
    assert Client().get(f"/account/{path}").status_code == 404
