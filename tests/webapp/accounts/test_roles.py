"""Who may change whom, and that a team always keeps an owner."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from tests.webapp.people import client_of, make_person
from webapp.accounts import services
from webapp.accounts.models import Invitation, Membership, Role, Team, User

pytestmark = pytest.mark.django_db


def post(by: User, whom: User, action: str, **data: str):
    return client_of(by).post(f"/members/{whom.memberships.get().pk}/{action}/", data)


def role_of(user: User) -> str:
    return user.memberships.get().role


def test_an_owner_gives_and_takes_every_role(alice, bob):
    for role in ("viewer", "admin", "owner", "member"):
        assert post(alice, bob, "role", role=role).status_code == 302
        assert role_of(bob) == role


def test_an_admin_gives_roles_up_to_their_own(anna, bob):
    assert post(anna, bob, "role", role="admin").status_code == 302
    assert role_of(bob) == Role.ADMIN


def test_an_admin_cannot_make_an_owner_of_anybody(anna, bob):
    assert post(anna, bob, "role", role="owner").status_code == 403
    assert post(anna, anna, "role", role="owner").status_code == 403
    assert (role_of(bob), role_of(anna)) == (Role.MEMBER, Role.ADMIN)


def test_an_admin_cannot_demote_or_remove_an_owner(anna, alice):
    make_person("Olga", alice.memberships.get().team, Role.OWNER)
    assert post(anna, alice, "role", role="member").status_code == 403
    assert post(anna, alice, "remove").status_code == 403
    assert role_of(alice) == Role.OWNER


def test_an_admin_cannot_invite_an_owner_nor_withdraw_an_owners_invitation(anna, alice, team):
    page = client_of(anna).post(f"/teams/{team.pk}/invitations/", {"role": "owner"})
    assert "role" in page.context["invite_form"].errors
    invitation, _link = services.invite(by=alice.memberships.get(), role=Role.OWNER)
    assert client_of(anna).post(f"/invitations/{invitation.pk}/revoke/").status_code == 403
    assert Invitation.waiting().exists()


def test_the_services_refuse_a_low_role_even_where_a_view_forgets_to(bob, victor, team):
    own = bob.memberships.get()
    refused = [
        lambda: services.rename_team(by=own, name="Mine"),
        lambda: services.invite(by=own, role=Role.VIEWER),
        lambda: services.change_role(by=own, member=victor.memberships.get(), role=Role.MEMBER),
        lambda: services.remove_member(by=own, member=victor.memberships.get()),
        lambda: services.make_reset_link(by=own, member=victor.memberships.get()),
    ]
    for attempt in refused:
        with pytest.raises(PermissionDenied):
            attempt()


def test_the_services_let_no_admin_make_an_owner_even_where_a_form_forgets_to(anna, bob):
    own = anna.memberships.get()
    with pytest.raises(PermissionDenied):
        services.change_role(by=own, member=bob.memberships.get(), role=Role.OWNER)
    with pytest.raises(PermissionDenied):
        services.invite(by=own, role=Role.OWNER)


def test_a_removed_member_is_out_at_once(alice, bob):
    client = client_of(bob)
    assert client.get("/settings/team/").status_code == 200
    post(alice, bob, "remove")
    assert client.get("/settings/team/").url == "/teams/none/"


def test_the_last_owner_cannot_leave(alice, anna, team):
    response = client_of(alice).post(f"/teams/{team.pk}/leave/", follow=True)
    assert "Make somebody else an owner first" in response.content.decode()
    assert role_of(alice) == Role.OWNER


def test_the_last_owner_cannot_step_down(alice, anna):
    response = client_of(alice).post(f"/members/{alice.memberships.get().pk}/role/", {"role": "admin"}, follow=True)
    assert "Make somebody else an owner first" in response.content.decode()
    assert role_of(alice) == Role.OWNER


def test_an_owner_leaves_once_there_is_another(alice, bob, team):
    post(alice, bob, "role", role="owner")
    assert client_of(alice).post(f"/teams/{team.pk}/leave/").status_code == 302
    assert list(team.memberships.values_list("user__name", "role")) == [("Bob", "owner")]


def test_a_viewer_may_leave(alice, victor, team):
    client_of(victor).post(f"/teams/{team.pk}/leave/")
    assert not victor.memberships.exists()


@pytest.mark.parametrize("action", ["role", "remove", "leave"])
def test_who_loses_a_role_loses_the_open_invitations_they_made(action, alice, anna, team):
    services.invite(by=anna.memberships.get(), role=Role.ADMIN)
    if action == "leave":
        client_of(anna).post(f"/teams/{team.pk}/leave/")
    else:
        post(alice, anna, action, role="member")
    assert not Invitation.waiting().exists()


def test_who_gains_a_role_keeps_their_invitations(alice, anna):
    services.invite(by=anna.memberships.get(), role=Role.MEMBER)
    post(alice, anna, "role", role="owner")
    assert Invitation.waiting().exists()


def test_changing_somebody_who_has_just_left_says_so(alice, bob):
    own, member = alice.memberships.get(), bob.memberships.get()
    Membership.objects.filter(pk=member.pk).delete()
    with pytest.raises(ValidationError, match="has left the team already"):
        services.change_role(by=own, member=member, role=Role.ADMIN)


@pytest.mark.django_db(transaction=True)
def test_of_all_owners_who_leave_at_once_one_stays(db):
    team = Team.objects.create(name="Aurora")
    owners = [make_person(name, team, Role.OWNER) for name in ("Alice", "Olga", "Oscar", "Otto")]

    def leave(user: User) -> bool:
        try:
            services.leave_team(member=user.memberships.get())
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(owners)) as pool:
        assert sorted(pool.map(leave, owners)) == [False, True, True, True]
    assert team.memberships.filter(role=Role.OWNER).count() == 1
