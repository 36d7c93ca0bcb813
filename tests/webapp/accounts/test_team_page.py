"""The page of a team's members and invitations."""

import json
import re

import pytest
from django.test import Client

from tests.webapp.people import client_of, make_person
from webapp.accounts.models import Invitation, Membership, Role, Team, User

pytestmark = pytest.mark.django_db


def get(user: User, query: str = "") -> str:
    return client_of(user).get(f"/settings/team/{query}").content.decode()


@pytest.fixture
def crowd(team: Team) -> Team:
    """120 members more."""
    people = [User(email=f"person{n:03}@example.com", name=f"Person {n:03}") for n in range(120)]
    Membership.objects.bulk_create(Membership(team=team, user=user) for user in User.objects.bulk_create(people))
    return team


def test_everybody_in_the_team_sees_who_is_in_it(alice, bob, victor):
    for person in (alice, bob, victor):
        assert all(name in get(person) for name in ("Alice", "bob@example.com", "Victor"))


def test_only_admins_see_what_changes_it(alice, anna, bob, victor):
    assert "Make an invitation link" in get(anna)
    for person in (bob, victor):
        page = get(person)
        assert "Make an invitation link" not in page
        assert "<select" not in page


def test_an_admin_is_offered_no_role_above_their_own(alice, anna, bob):
    assert "owner" not in [value for value, _label in client_of(anna).get("/settings/team/").context["roles"]]


def test_a_large_team_comes_in_pages_and_can_be_searched(alice, crowd):
    assert get(alice).count('class="member"') == 25
    assert "Person 119" in get(alice, "?page=5")
    found = get(alice, "?q=person+07")
    assert found.count('class="member"') == 10
    assert "person075@example.com" in found


def test_a_page_number_that_is_none_shows_a_page_all_the_same(alice, crowd):
    assert "Person 119" in get(alice, "?page=999")
    assert "Alice" in get(alice, "?page=x")


def test_a_member_more_costs_no_query_more(alice, crowd, django_assert_num_queries):
    small, large = client_of(alice), client_of(alice)
    counts = []
    for client, query in ((small, "?q=person+001"), (large, "")):
        client.get("/settings/team/")
        with django_assert_num_queries(10, exact=False) as seen:
            client.get(f"/settings/team/{query}")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_link_of_an_invitation_is_shown_once(alice, team):
    client = client_of(alice)
    response = client.post(f"/teams/{team.pk}/invitations/", {"role": "viewer", "email": "dora@example.com"})
    link = response.context["invitation_link"]
    assert f'value="{link}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    page = client.get("/settings/team/").content.decode()
    assert "dora@example.com" in page
    assert link not in page


def test_an_invitation_waits_on_the_page_until_it_is_withdrawn(alice, team):
    client = client_of(alice)
    client.post(f"/teams/{team.pk}/invitations/", {"role": "member"})
    assert "Anybody with the link" in get(alice)
    client.post(f"/invitations/{Invitation.objects.get().pk}/revoke/")
    assert "Anybody with the link" not in get(alice)


def test_inviting_a_member_or_a_broken_address_says_what_is_wrong_and_keeps_what_was_typed(alice, bob, team):
    for email, sentence in (("Bob@example.com", "is a member of this team already"), ("bob@", "valid email")):
        response = client_of(alice).post(f"/teams/{team.pk}/invitations/", {"role": "viewer", "email": email})
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert f'value="{email}"' in response.content.decode()


def test_an_admin_renames_the_team(anna, team):
    client = client_of(anna)
    client.post(f"/teams/{team.pk}/name/", {"team_name": " Boreas "})
    team.refresh_from_db()
    assert team.name == "Boreas"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_team_needs_a_name_that_fits(name, alice, team):
    assert client_of(alice).post(f"/teams/{team.pk}/name/", {"team_name": name}).status_code == 422
    team.refresh_from_db()
    assert team.name == "Aurora"


def test_without_script_a_change_of_role_comes_back_to_the_page_with_a_sentence(alice, bob):
    member = bob.memberships.get()
    response = client_of(alice).post(f"/members/{member.pk}/role/", {"role": "viewer"}, follow=True)
    assert "Bob is now: Viewer." in response.content.decode()


def test_with_htmx_a_change_of_role_answers_with_that_members_row(alice, bob):
    member = bob.memberships.get()
    client = client_of(alice)
    response = client.post(f"/members/{member.pk}/role/", {"role": "viewer"}, headers={"hx-request": "true"})
    row = response.content.decode()
    assert row.count('class="member"') == 1
    assert re.search(r'<option value="viewer" selected>', row)
    assert json.loads(response["HX-Trigger"])["toast"]["message"] == "Bob is now: Viewer."


def test_with_htmx_a_removed_members_row_goes(alice, bob):
    client = client_of(alice)
    response = client.post(f"/members/{bob.memberships.get().pk}/remove/", headers={"hx-request": "true"})
    assert response.content == b""
    assert json.loads(response["HX-Trigger"])["toast"]["level"] == "success"


def test_what_a_rule_forbids_is_an_error_toast_and_the_row_as_it_was(alice):
    member = alice.memberships.get()
    client = client_of(alice)
    response = client.post(f"/members/{member.pk}/role/", {"role": "viewer"}, headers={"hx-request": "true"})
    assert json.loads(response["HX-Trigger"])["toast"]["level"] == "error"
    assert '<option value="owner" selected>' in response.content.decode()


def test_a_name_with_markup_is_shown_as_text(alice, team):
    make_person("Mallory", team)
    User.objects.filter(name="Mallory").update(name="<script>alert(1)</script>")
    assert "<script>alert" not in get(alice)


def test_a_newcomer_without_a_team_is_told_so(db):
    client = client_of(make_person("Dora"))
    assert client.get("/settings/team/").url == "/teams/none/"
    page = client.get("/teams/none/").content.decode()
    assert "You are in no team yet" in page
    assert "/teams/new/" in page


def test_who_has_a_team_is_not_told_that_they_have_none(alice):
    assert client_of(alice).get("/teams/none/").status_code == 302


def test_anybody_makes_a_team_and_is_its_owner_and_works_in_it(victor):
    client = client_of(victor)
    assert client.post("/teams/new/", {"team_name": "Victor's"}, follow=True).context["own"].role == Role.OWNER
    assert client.post("/teams/new/", {"team_name": ""}).status_code in {200, 422}
    assert victor.memberships.count() == 2


def test_a_person_of_two_teams_switches_between_them(alice, team):
    other = Team.objects.create(name="Zenith")
    Membership.objects.create(team=other, user=alice, role=Role.VIEWER)
    client = client_of(alice)
    assert client.get("/settings/team/").context["own"].team == team
    client.post(f"/teams/{other.pk}/switch/")
    assert client.get("/settings/team/").context["own"].team == other
    Membership.objects.filter(team=other).delete()
    assert client.get("/settings/team/").context["own"].team == team


def test_the_profile_keeps_name_language_and_theme(alice):
    client = client_of(alice)
    client.post("/settings/profile/", {"name": "Alice Liddell", "language": "en", "theme": "dark"})
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.theme) == ("Alice Liddell", "en", "dark")
    assert 'data-theme="dark"' in client.get("/settings/profile/").content.decode()


def test_a_profile_with_an_unknown_language_or_theme_is_refused(alice):
    wrong = {"name": "Alice", "language": "tlh", "theme": "pink"}
    response = client_of(alice).post("/settings/profile/", wrong)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"language", "theme"}


def test_the_theme_can_be_set_from_any_page(alice):
    client = client_of(alice)
    back = client.post("/settings/theme/", {"theme": "light"}, headers={"referer": "http://testserver/settings/team/"})
    assert back.url == "http://testserver/settings/team/"
    assert client.post("/settings/theme/", {"theme": "dark"}, headers={"hx-request": "true"}).status_code == 204
    alice.refresh_from_db()
    assert alice.theme == "dark"
    assert client.post("/settings/theme/", {"theme": "pink"}).status_code == 400
    away = client.post("/settings/theme/", {"theme": ""}, headers={"referer": "https://evil.example.com/"})
    assert away.url == "/settings/profile/"


def test_a_page_that_asks_nothing_of_the_team_costs_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/account/login/").status_code == 200
