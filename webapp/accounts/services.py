"""All that changes who is in a team and what they may do there.

A rule that says no raises ValidationError with the sentence to show; too low a role raises PermissionDenied.
"""

import logging

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts import links
from webapp.accounts.access import resettable
from webapp.accounts.models import Invitation, Membership, Role, Team, User
from webapp.lib.groups import tell

logger = logging.getLogger(__name__)


class InvitationGone(Exception):
    """Somebody else has taken the invitation, it has lapsed, or it was withdrawn."""


def require_over(by: Membership, role: str) -> None:
    """Only admins and owners manage people, and nobody whose role is above their own."""
    if not (by.is_admin and by.may(Role(role))):
        raise PermissionDenied


@transaction.atomic
def create_team(*, name: str, owner: User) -> Membership:
    team = Team.objects.create(name=name)
    return Membership.objects.create(team=team, user=owner, role=Role.OWNER)


@transaction.atomic
def rename_team(*, by: Membership, name: str) -> Team:
    require_over(by, Role.VIEWER)
    by.team.name = name
    by.team.save(update_fields=["name"])
    return by.team


@transaction.atomic
def change_role(*, by: Membership, member: Membership, role: Role) -> None:
    lock_team(by, member)
    require_over(by, member.role)
    require_over(by, role)
    before = Role(member.role)
    if before.at_least(role) and before != role:
        step_down(member)
    member.role = role
    member.save(update_fields=["role"])


@transaction.atomic
def remove_member(*, by: Membership, member: Membership) -> None:
    lock_team(by, member)
    require_over(by, member.role)
    take_out(member)


@transaction.atomic
def leave_team(*, member: Membership) -> None:
    lock_team(member)
    take_out(member)


def take_out(member: Membership) -> None:
    """Ends a membership; what that person has open of the team closes."""
    channel = member.user.channel
    step_down(member)
    member.delete()
    transaction.on_commit(lambda: tell(channel, {"type": "access.changed"}))


def lock_team(*memberships: Membership) -> None:
    """Changes to one team's people go one after the other: locks the team, then reads these roles again."""
    Team.objects.select_for_update().get(pk=memberships[0].team_id)
    for membership in memberships:
        try:
            membership.refresh_from_db(fields=["role"])
        except Membership.DoesNotExist:
            raise ValidationError(_("That person has left the team already.")) from None


def step_down(member: Membership) -> None:
    """What must hold before somebody loses a role: another owner stays, and no link of theirs brings it back."""
    owners = Membership.objects.filter(team=member.team_id, role=Role.OWNER)
    if member.is_owner and not owners.exclude(pk=member.pk).exists():
        raise ValidationError(_("A team needs an owner. Make somebody else an owner first."))
    Invitation.objects.filter(team=member.team_id, created_by=member.user_id, accepted_at=None).delete()


@transaction.atomic
def first_run_link() -> str | None:
    """A link that makes the first owner and their team; None when there is an owner. Replaces the link before it."""
    if owner_exists():
        return None
    Invitation.objects.filter(team=None, accepted_at=None).delete()
    _invitation, token = Invitation.issue(role=Role.OWNER)
    return links.join_link(token)


def owner_exists() -> bool:
    return Membership.objects.filter(role=Role.OWNER).exists()


@transaction.atomic
def invite(*, by: Membership, role: Role, email: str = "") -> tuple[Invitation, str]:
    """A new invitation and its link, which can be read only now."""
    require_over(by, role)
    if email and Membership.objects.filter(team=by.team_id, user__email__iexact=email).exists():
        raise ValidationError(_("%(email)s is a member of this team already.") % {"email": email})
    invitation, token = Invitation.issue(team=by.team, role=role, email=email.lower(), created_by=by.user)
    return invitation, links.join_link(token)


@transaction.atomic
def revoke_invitation(*, by: Membership, invitation: Invitation) -> None:
    require_over(by, invitation.role)
    invitation.delete()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User, team_name: str = "") -> Membership:
    """Makes the user a member, or with the first-run link the owner of a new team. Raises InvitationGone."""
    if invitation.email and invitation.email.lower() != user.email.lower():
        raise ValidationError(_("This invitation is for %(email)s only.") % {"email": invitation.email})
    already = Membership.objects.filter(team=invitation.team_id, user=user).first()
    if already:
        return already
    take(invitation, user)
    if invitation.team is None:
        return create_team(name=team_name, owner=user)
    membership, _created = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    return membership


def take(invitation: Invitation, user: User) -> None:
    """Uses the invitation up. Of two who try at once, one waits for the row and then finds it taken."""
    waiting = Invitation.waiting().filter(pk=invitation.pk)
    if not waiting.update(accepted_at=timezone.now(), accepted_by=user):
        raise InvitationGone
    if invitation.team_id is None and owner_exists():
        raise InvitationGone


def make_reset_link(*, by: Membership, member: Membership) -> str:
    """Where that member may set a new password. Raises PermissionDenied where it would open more than `by` may see."""
    require_over(by, member.role)
    if member.user_id not in resettable(by, [member]):
        raise PermissionDenied
    logger.info("user %s made a password reset link for user %s", by.user_id, member.user_id)
    return links.reset_link(member.user)
