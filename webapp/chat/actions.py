"""What people do with one message: word it anew, take it out, have it continued, say whether it was good."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.chat import services, thread
from webapp.chat.models import Conversation, Feedback, Message, Role
from webapp.chat.services import Busy
from webapp.generation.models import Generation
from webapp.generation.services import continue_generation
from webapp.lib import words


class NotAlone(Exception):
    """Others have written below that message, and the person does not manage the conversation."""


class Whole(Exception):
    """Nothing is missing from that reply, or the conversation has gone on from it."""


@transaction.atomic
def edit_message(*, message: Message, author: User, text: str, client_id: UUID | None = None) -> Message:
    """Another wording beside that question, with a reply of its own. One that still waits for its turn is changed
    itself, by who wrote it. Raises Busy, PermissionDenied; Message.DoesNotExist when it is gone."""
    conversation = services.locked(message.conversation)
    message = Message.objects.get(pk=message.pk)
    if not message.waiting:
        return services.post_message(
            conversation=conversation, author=author, text=text, client_id=client_id, beside=message
        )
    if message.author_id != author.pk:
        raise PermissionDenied
    message.content = text
    message.words = words.stored(text)
    message.save(update_fields=["content", "words"])
    services.changed(conversation)
    return message


@transaction.atomic
def delete_message(*, message: Message, user: User) -> None:
    """With all that follows it, in every branch; one that waits for its turn goes alone. `message.conversation` carries
    the user's rights: who does not manage it may take out what they wrote, where nobody else wrote below.

    Raises Busy, NotAlone, PermissionDenied; Message.DoesNotExist when it is gone already."""
    rights = message.conversation.rights
    conversation = services.locked(message.conversation)
    message = Message.objects.get(pk=message.pk)
    if message.waiting:
        message.children.update(parent=message.parent_id)
    ids = [message.pk] if message.waiting else thread.ids_below(message.pk)
    doomed = Message.objects.filter(pk__in=ids)
    if "manage" not in rights:
        _check_theirs(message, doomed, user)
    active = services.active_message(conversation)
    if active and active.pk in ids:
        raise Busy
    if conversation.leaf_id in ids:
        conversation.leaf = _next_leaf(conversation, message, ids)
    generations = list(doomed.exclude(generation=None).values_list("generation", flat=True))
    services.changed(conversation)
    doomed.delete()
    Generation.objects.filter(pk__in=generations).delete()


def _check_theirs(message: Message, doomed: QuerySet[Message], user: User) -> None:
    if message.author_id != user.pk:
        raise PermissionDenied
    if doomed.filter(role=Role.USER).exclude(author=user).exists():
        raise NotAlone


def _next_leaf(conversation: Conversation, message: Message, gone: list[int]) -> Message | None:
    """What is shown instead: the newest other wording or answer in its place, else the path up to it."""
    if message.waiting:
        return message.parent
    siblings = conversation.messages.filter(parent=message.parent_id).exclude(pk__in=gone)
    newest = siblings.order_by("-pk").first()
    return thread.deepest(newest) if newest else message.parent


@transaction.atomic
def continue_reply(*, reply: Message) -> None:
    """Has a reply that was cut off or stopped go on from its text. Raises Busy and Whole."""
    conversation = services.locked(reply.conversation)
    if services.active_message(conversation):
        raise Busy
    assert reply.generation is not None
    generation = Generation.objects.get(pk=reply.generation.pk)
    if reply.children.exists() or not continue_generation(generation):
        raise Whole
    conversation.leaf = reply
    services.changed(conversation)


@transaction.atomic
def give_feedback(*, reply: Message, author: User, thumb: int | None = None, correction: str | None = None) -> Feedback:
    """What is None stays as it was. The answer itself is no correction of it."""
    said: dict[str, Any] = {} if thumb is None else {"thumb": thumb}
    if correction is not None:
        said["correction"] = "" if correction.strip() == reply.text.strip() else correction
    feedback, _ = Feedback.objects.update_or_create(message=reply, author=author, defaults=said)
    return feedback


def feedback_of(reply: Message, author: User) -> Feedback:
    """That person's, or an empty one that is not stored."""
    known = Feedback.objects.filter(message=reply, author=author).first()
    return known or Feedback(message=reply, author=author)
