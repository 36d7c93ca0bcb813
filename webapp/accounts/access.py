"""The only door to a team's rows. An outsider finds nothing (Http404); too low a role is refused (PermissionDenied)."""

from collections.abc import Iterable
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from webapp.accounts.models import Invitation, Membership, Role, Team, User

SESSION_KEY = "team"


def me(request: HttpRequest) -> User:
    """Who asks, in a view that only signed-in people reach."""
    return cast(User, request.user)


def memberships_of(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user).select_related("team").order_by("team__name", "id")


def membership_for(user: User, team_id: int, *, at_least: Role = Role.VIEWER) -> Membership:
    """The user's membership of that team. Raises Http404 for an outsider, PermissionDenied for too low a role."""
    membership = memberships_of(user).filter(team=team_id).first()
    if membership is None:
        raise Http404
    if not membership.may(at_least):
        raise PermissionDenied
    return membership


def team_for(user: User, team_id: int, *, at_least: Role = Role.VIEWER) -> Team:
    return membership_for(user, team_id, at_least=at_least).team


def member_for(user: User, member_id: int, *, at_least: Role) -> tuple[Membership, Membership]:
    """The user's own membership and that member's, of one team. Raises as membership_for."""
    member = Membership.objects.select_related("team", "user").filter(pk=member_id).first()
    if member is None:
        raise Http404
    return membership_for(user, member.team_id, at_least=at_least), member


def invitation_for(user: User, invitation_id: int, *, at_least: Role) -> tuple[Membership, Invitation]:
    """The user's membership of the inviting team and the invitation. Raises as membership_for."""
    invitation = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None or invitation.team_id is None:
        raise Http404
    return membership_for(user, invitation.team_id, at_least=at_least), invitation


def resettable(by: Membership, members: Iterable[Membership]) -> set[int]:
    """The ids of those among `members` (their users loaded) for whom `by` may make a password reset link.

    Such a link opens everything its person may see, so in each of that person's teams the maker must be an admin
    or owner, and of no lower role.
    """
    members = [member for member in members if member.user_id != by.user_id and not member.user.is_superuser]
    mine = {own.team_id: own for own in memberships_of(by.user) if own.is_admin}
    theirs = Membership.objects.filter(user__in=[member.user_id for member in members])
    beyond = {m.user_id for m in theirs if m.team_id not in mine or not mine[m.team_id].may(Role(m.role))}
    return {member.user_id for member in members} - beyond


def memberships_on(request: HttpRequest) -> list[Membership]:
    """Every membership of the person who asks; read from the database once a request."""
    kept = vars(request)
    if "memberships" not in kept:
        known = request.user.is_authenticated
        kept["memberships"] = list(memberships_of(me(request))) if known else []
    return kept["memberships"]


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership in which this person works now: the team they switched to, else their first; None without any."""
    mine = memberships_on(request)
    chosen = request.session.get(SESSION_KEY)
    return next((m for m in mine if m.team_id == chosen), mine[0] if mine else None)


def switch_team(request: HttpRequest, team: Team) -> None:
    if request.session.get(SESSION_KEY) != team.pk:
        request.session[SESSION_KEY] = team.pk
