"""What happens to conversations: every change is one transaction, and tells those who look on when it is committed."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from inference import prompts
from inference.messages import Message as Turn
from inference.messages import Role as TurnRole
from inference.messages import SamplingParams
from webapp.accounts.models import Team, User
from webapp.chat import tasks, thread
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.generation import services as generation_services
from webapp.generation.models import Generation
from webapp.lib.groups import tell

TITLE_LENGTH = 60
TURNS_SENT = 200  # of a long conversation; what does not fit the model's context is left out by the generation


class Busy(Exception):
    """A reply is being written; wait for it, or stop it."""


@transaction.atomic
def create_conversation(
    *, team: Team, author: User, shared: bool = False, task: Task = Task.CHAT, options: dict | None = None
) -> Conversation:
    return Conversation.objects.create(team=team, author=author, shared=shared, task=task, options=options or {})


@transaction.atomic
def post_message(
    *,
    conversation: Conversation,
    author: User,
    text: str,
    client_id: UUID | None = None,
    details: dict | None = None,
) -> Message:
    """Stores what a person wrote and asks for the reply; while another reply is being written it waits its turn.
    `details` is what its room's prompt needs beside the text."""
    conversation = _locked(conversation)
    if client_id and (known := conversation.messages.filter(client_id=client_id).first()):
        return known
    message = Message.objects.create(
        conversation=conversation,
        parent_id=conversation.leaf_id,
        role=Role.USER,
        author=author,
        content=text,
        details=details or {},
        client_id=client_id,
        waiting=active_message(conversation) is not None,
    )
    conversation.title = conversation.title or title_from(text)
    conversation.leaf = message
    if not message.waiting:
        start_reply(conversation, message)
    changed(conversation)
    return message


def start_reply(conversation: Conversation, question: Message) -> Message:
    """A reply to that message. The caller holds the conversation's lock."""
    room = tasks.room_of(conversation.task)
    generation = generation_services.request_generation(
        channel=conversation.channel,
        model=settings.SERVED_MODEL,
        messages=room.prompt(conversation, question),
        params=room.params(conversation, question),
        cache_salt=f"team-{conversation.team_id}",
    )
    reply = Message.objects.create(
        conversation=conversation, parent=question, role=Role.ASSISTANT, generation=generation
    )
    following = question.children.filter(role=Role.USER)  # a message that waits behind this one goes on from the reply
    following.update(parent=reply)
    if conversation.leaf_id == question.pk:
        conversation.leaf = reply
    return reply


def chat_prompt(conversation: Conversation, question: Message) -> list[Turn]:
    return prompts.chat(turns_up_to(question), system=conversation.options.get("system", ""))


def chat_params(conversation: Conversation, question: Message) -> SamplingParams:
    return SamplingParams(max_tokens=settings.MAX_REPLY_TOKENS)


def turns_up_to(message: Message) -> list[Turn]:
    path = thread.messages_up_to(message.pk, TURNS_SENT)
    return [Turn(TurnRole(m.role), m.text) for m in path if m.text.strip()]


@transaction.atomic
def regenerate(*, reply: Message) -> Message:
    """Another reply beside this one, which stays. Raises Busy."""
    conversation = _locked(reply.conversation)
    if active_message(conversation):
        raise Busy
    assert reply.parent is not None
    conversation.leaf = reply.parent
    fresh = start_reply(conversation, reply.parent)
    changed(conversation)
    return fresh


@transaction.atomic
def show_branch(*, message: Message) -> None:
    """Shows the path through that message, down to the newest message below it."""
    conversation = _locked(message.conversation)
    conversation.leaf = thread.deepest(message)
    changed(conversation)


@transaction.atomic
def stop(*, conversation: Conversation) -> None:
    """Stops the reply that is being written, if there is one. What was written stays."""
    active = active_message(conversation)
    if active and active.generation:
        generation_services.stop_generation(active.generation)


@transaction.atomic
def rename(*, conversation: Conversation, title: str) -> None:
    conversation = _locked(conversation)
    conversation.title = title
    changed(conversation)


@transaction.atomic
def share(*, conversation: Conversation, shared: bool) -> None:
    conversation = _locked(conversation)
    conversation.shared = shared
    changed(conversation)


@transaction.atomic
def delete(*, conversation: Conversation) -> None:
    """With all its replies, the one that is being written included."""
    stop(conversation=conversation)
    replies = Generation.objects.filter(pk__in=conversation.messages.values("generation"))
    list(replies.select_for_update().values_list("pk"))  # before the conversation: so locks the worker that ends one
    conversation = _locked(conversation)
    channel = conversation.channel
    generations = list(conversation.messages.exclude(generation=None).values_list("generation", flat=True))
    conversation.delete()
    Generation.objects.filter(pk__in=generations).delete()
    transaction.on_commit(lambda: tell(channel, {"type": "chat.changed"}))


def reply_ended(*, generation: Generation, **_kwargs) -> None:
    """On generation_ended: the page's revision grows, and the next message that waits gets its reply."""
    reply = Message.objects.filter(generation=generation).select_related("conversation").first()
    if reply is None:
        return
    conversation = _locked(reply.conversation)
    waiting = conversation.messages.filter(waiting=True).order_by("pk").first()
    if waiting:
        waiting.waiting = False
        waiting.save(update_fields=["waiting"])
        start_reply(conversation, waiting)
    changed(conversation, quietly=waiting is None)


def active_message(conversation: Conversation) -> Message | None:
    """The reply that is asked for or being written."""
    replies = conversation.messages.filter(generation__status__in=("queued", "streaming"))
    return replies.select_related("generation").order_by("pk").first()


def changed(conversation: Conversation, *, quietly: bool = False) -> None:
    """Saves the conversation under its next revision. `quietly`: those who look on hear of it in another way."""
    Conversation.objects.filter(pk=conversation.pk).update(
        title=conversation.title,
        shared=conversation.shared,
        leaf=conversation.leaf_id,
        revision=F("revision") + 1,
        updated_at=timezone.now(),
    )
    if not quietly:
        channel = conversation.channel
        transaction.on_commit(lambda: tell(channel, {"type": "chat.changed"}))


def title_from(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1].rstrip() + "…"


def _locked(conversation: Conversation) -> Conversation:
    return Conversation.objects.select_for_update().get(pk=conversation.pk)
