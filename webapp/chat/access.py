"""Who may see and do what with a conversation: a private one is its author's; a shared one is read by the whole team,
written in by members, and renamed, deleted or made private by its author and the team's admins."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from webapp.accounts.access import memberships_of
from webapp.accounts.models import Membership, Role, Team, User
from webapp.chat.models import Conversation, Message, Task
from webapp.lib import rows

LOCK = f"""
SELECT {rows.columns(Conversation, "c", without=("words",))},
       (SELECT role FROM accounts_membership WHERE user_id = %(user)s AND team_id = c.team_id) AS role
FROM chat_conversation c WHERE id = %(id)s AND deleted_at IS NULL FOR UPDATE OF c
"""  # noqa: S608 (of constants)


def conversations_for(user: User, team: Team, *, task: Task = Task.CHAT) -> QuerySet[Conversation]:
    """What this person sees of a team's conversations, the latest first. Empty for an outsider."""
    mine = Q(author=user) | Q(shared=True)
    inside = Q(team__in=memberships_of(user).filter(team=team).values("team"))
    kept = Conversation.objects.filter(mine, inside, task=task, deleted_at=None)
    return kept.order_by("-updated_at", "-created_at")


def deleted_for(user: User, membership: Membership) -> QuerySet[Conversation]:
    """What this person may bring back in a team, what was deleted last first."""
    reach = Q(author=user) | Q(shared=True) if membership.may(Role.ADMIN) else Q(author=user)
    found = Conversation.objects.filter(reach, team=membership.team, deleted_at__isnull=False)
    return (found if membership.may(Role.MEMBER) else found.none()).order_by("-deleted_at")


def conversation_for(
    user: User, conversation_id: UUID, *, to: str = "read", task: Task | None = None, deleted: bool = False
) -> Conversation:
    """`to` is read, write or manage; the conversation comes with the person's `rights`. `task`: of that room only.
    `deleted`: among those that were deleted, and not among the others.

    Raises Http404 where it is hidden, PermissionDenied where it is not allowed.
    """
    kept = Conversation.objects.filter(pk=conversation_id, deleted_at__isnull=not deleted)
    mine = Membership.objects.filter(user=user, team=OuterRef("team")).values("role")
    found = kept.select_related("team", "author").annotate(role=Subquery(mine)).first()
    if found and task is not None and found.task != task:
        raise Http404
    return _allowed(found, user, to)


def locked_for(user: User, conversation_id: UUID, *, to: str) -> Conversation:
    """The same, and its row is locked to the end of the transaction."""
    found = rows.load(Conversation, LOCK, {"user": user.pk, "id": conversation_id})
    return _allowed(found[0] if found else None, user, to)


def _allowed(found: Any, user: User, to: str) -> Conversation:
    """A conversation that was found with the person's `role`. Raises as `conversation_for`."""
    if not found or not found.role or not (found.shared or found.author_id == user.pk):
        raise Http404
    found.rights = rights(found, Membership(user_id=user.pk, team_id=found.team_id, role=found.role))
    if to not in found.rights:
        raise PermissionDenied
    return found


def rights(conversation: Conversation, membership: Membership) -> tuple[str, ...]:
    if membership.may(Role.MEMBER):
        manages = conversation.author_id == membership.user_id or membership.may(Role.ADMIN)
        return ("read", "write", "manage") if manages else ("read", "write")
    return ("read",)


def message_for(user: User, conversation_id: UUID, message_id: int, *, to: str = "read") -> Message:
    conversation = conversation_for(user, conversation_id, to=to)
    found = Message.objects.filter(conversation=conversation, pk=message_id).select_related("generation").first()
    if found is None:
        raise Http404
    found.conversation = conversation
    return found
