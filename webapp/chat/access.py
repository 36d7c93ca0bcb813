"""Who may see and do what with a conversation: a private one is its author's; a shared one is read by the whole team,
written in by members, and renamed, deleted or made private by its author and the team's admins."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from webapp.accounts.access import memberships_of
from webapp.accounts.models import Membership, Role, Team, User
from webapp.chat.models import Conversation, Message, Task


def conversations_for(user: User, team: Team, *, task: Task = Task.CHAT) -> QuerySet[Conversation]:
    """What this person sees of a team's conversations, the latest first. Empty for an outsider."""
    mine = Q(author=user) | Q(shared=True)
    inside = Q(team__in=memberships_of(user).filter(team=team).values("team"))
    kept = Conversation.objects.filter(mine, inside, task=task, deleted_at=None)
    return kept.order_by("-updated_at", "-created_at")


def conversation_for(user: User, conversation_id: UUID, *, to: str = "read", task: Task | None = None) -> Conversation:
    """`to` is read, write or manage; the conversation comes with the person's `rights`. `task`: of that room only.

    Raises Http404 where it is hidden, PermissionDenied where it is not allowed.
    """
    found = Conversation.objects.filter(pk=conversation_id, deleted_at=None).select_related("team", "author").first()
    membership = found and memberships_of(user).filter(team=found.team_id).first()
    if not found or not membership or not (found.shared or found.author_id == user.pk):
        raise Http404
    if task is not None and found.task != task:
        raise Http404
    found.rights = rights(found, membership)
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
