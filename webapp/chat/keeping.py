"""What a person keeps, and what is thrown away: pins; conversations deleted, brought back, and after a while purged."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.chat import news, services
from webapp.chat.models import Conversation, Pin
from webapp.generation.models import Generation
from webapp.lib.groups import tell

KEPT = timedelta(days=30)  # what was deleted


@transaction.atomic
def pin(*, user: User, conversation: Conversation, pinned: bool) -> None:
    if pinned:
        Pin.objects.get_or_create(user=user, conversation=conversation)
    else:
        Pin.objects.filter(user=user, conversation=conversation).delete()
    news.pins_changed(user.pk, conversation.task)


def delete(*, conversation: Conversation) -> None:
    """Hides it from everybody, and then stops the reply that is being written: in that order, so that a message that
    waits is not answered, and in two transactions, because whoever ends a reply locks that before the conversation."""
    _hide(conversation, hidden=True)
    services.stop(conversation=conversation)


@transaction.atomic
def restore(*, conversation: Conversation) -> None:
    """As it was; a message that waited when it was deleted is answered now."""
    _hide(conversation, hidden=False)
    conversation = services.locked(conversation)
    if not services.active_message(conversation) and services.answer_next(conversation):
        services.changed(conversation)


@transaction.atomic
def _hide(conversation: Conversation, *, hidden: bool) -> None:
    conversation = services.locked(conversation)
    conversation.deleted_at = timezone.now() if hidden else None
    conversation.save(update_fields=["deleted_at"])
    channel = conversation.channel
    transaction.on_commit(lambda: tell(channel, {"type": "chat.changed"}))
    news.list_changed(conversation)


def purge_deleted() -> int:
    """Takes what was deleted long ago out of the database; returns how many conversations."""
    old = Conversation.objects.filter(deleted_at__lt=timezone.now() - KEPT)
    return sum(1 for conversation in old if purge(conversation=conversation))


@transaction.atomic
def purge(*, conversation: Conversation) -> bool:
    """With its messages and their generations. False when somebody brought it back meanwhile."""
    replies = Generation.objects.filter(pk__in=conversation.messages.values("generation"))
    list(replies.select_for_update().values_list("pk"))  # before the conversation: so locks the worker that ends one
    found = Conversation.objects.select_for_update().filter(pk=conversation.pk, deleted_at__isnull=False).first()
    if found is None:
        return False
    generations = list(found.messages.exclude(generation=None).values_list("generation", flat=True))
    found.delete()
    Generation.objects.filter(pk__in=generations).delete()
    return True
