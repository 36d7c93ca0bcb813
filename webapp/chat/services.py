"""What happens to conversations: every change is one transaction, and tells those who look on when it is committed."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inference import prompts
from inference.messages import Message as Turn
from inference.messages import Role as TurnRole
from inference.messages import SamplingParams
from webapp.accounts.models import Team, User
from webapp.chat import options, tasks, thread, titles
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.chat.news import list_changed
from webapp.generation import services as generation_services
from webapp.generation.models import Generation
from webapp.lib import rows, words
from webapp.lib.groups import tell

COLUMNS = rows.columns(Conversation, "c", without=("words",))
LOCK = f"SELECT {COLUMNS} FROM chat_conversation c WHERE id = %s FOR UPDATE"  # noqa: S608 (of constants)
# Of a message that is to be stored: the same one, if it is there already; whether a reply is being written; what stands
# in its place.
BESIDE = """
SELECT (SELECT id FROM chat_message WHERE conversation_id = %(conversation)s AND client_id = %(client_id)s),
       EXISTS(SELECT FROM chat_message m JOIN generation_generation g ON g.id = m.generation_id
              WHERE m.conversation_id = %(conversation)s AND g.status IN ('queued', 'streaming')),
       ARRAY(SELECT id FROM chat_message
             WHERE conversation_id = %(conversation)s AND parent_id IS NOT DISTINCT FROM %(parent)s ORDER BY id)
"""
CHANGE = """
UPDATE chat_conversation SET shared = %(shared)s, leaf_id = %(leaf)s, revision = revision + 1, updated_at = %(now)s{}
WHERE id = %(id)s
"""
NAME = ", title = %(title)s, title_is_ours = %(ours)s, words = %(words)s"
OF_GENERATION = f"""
SELECT {COLUMNS}, m.id AS reply FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
WHERE m.generation_id = %s FOR UPDATE OF c
"""  # noqa: S608 (of constants)
# Stores the words of a reply, and says which message waits.
WORDS = """
WITH stored AS (UPDATE chat_message SET words = %(words)s WHERE id = %(reply)s)
SELECT id FROM chat_message WHERE conversation_id = %(conversation)s AND waiting ORDER BY id LIMIT 1
"""
TURNS_SENT = 200  # of a long conversation; what does not fit the model's context is left out by the generation


class Busy(Exception):
    """A reply is being written; wait for it, or stop it."""


@transaction.atomic(savepoint=False)
def create_conversation(
    *,
    team: Team,
    author: User,
    shared: bool = False,
    task: Task = Task.CHAT,
    options: dict | None = None,
    pk: UUID | None = None,
) -> Conversation:
    """`pk`: under that key; raises IntegrityError where it is taken."""
    values: dict[str, Any] = {"team": team, "author": author, "shared": shared, "task": task, "options": options or {}}
    conversation = Conversation(**values, **({"pk": pk} if pk else {}))
    rows.insert(conversation)
    return conversation


@transaction.atomic(savepoint=False)
def post_message(
    *,
    conversation: Conversation,
    author: User,
    text: str,
    client_id: UUID | None = None,
    details: dict | None = None,
    beside: Message | None = None,
    held: bool = False,
) -> Message:
    """Stores what a person wrote and asks for the reply; while another reply is being written it waits its turn.
    `details` is what its room's prompt needs beside the text; `beside`: it is another wording of that message, and
    opens a branch; `held`: the caller holds the conversation's lock. Raises Busy when a branch cannot be opened now.

    A message that is new carries `sibling_ids` and `as_of`, as chat.thread sets them."""
    conversation = conversation if held else locked(conversation)
    parent_id = beside.parent_id if beside else conversation.leaf_id
    asked = {"conversation": conversation.pk, "client_id": client_id, "parent": parent_id}
    [(known, busy, siblings)] = rows.select(BESIDE, asked)
    if known:
        return Message.objects.get(pk=known)
    if busy and beside:
        raise Busy
    message = Message(
        conversation=conversation,
        parent_id=parent_id,
        role=Role.USER,
        author=author,
        content=text,
        details=details or (beside.details if beside else {}),
        client_id=client_id,
        waiting=busy,
        words=words.lexemes(text),
    )
    rows.insert(message)
    message.sibling_ids, message.as_of = (*siblings, message.pk), conversation.revision + 1
    conversation.leaf = message
    if not conversation.title:
        name(conversation, titles.from_text(text))
    if not message.waiting:
        start_reply(conversation, message, new=True)
    changed(conversation)
    return message


def start_reply(conversation: Conversation, question: Message, *, new: bool = False) -> Message:
    """A reply to that message. The caller holds the conversation's lock. `new`: nothing follows the message yet."""
    room, choice = tasks.room_of(conversation.task), options.model_of(conversation)
    generation = generation_services.request_generation(
        channel=conversation.channel,
        model=choice.model,
        version=choice.version,
        endpoint=choice.endpoint,
        messages=room.prompt(conversation, question),
        params=options.params_of(conversation, choice, room.params(conversation, question)),
        cache_salt=f"team-{conversation.team_id}",
    )
    reply = Message(conversation=conversation, parent=question, role=Role.ASSISTANT, generation=generation)
    rows.insert(reply)
    if not new:  # a message that waits behind this one goes on from the reply
        question.children.filter(role=Role.USER).update(parent=reply)
    if conversation.leaf_id == question.pk:
        conversation.leaf = reply
    return reply


def chat_prompt(conversation: Conversation, question: Message) -> list[Turn]:
    return prompts.chat(turns_up_to(question), system=conversation.options.get("system", ""))


def chat_params(conversation: Conversation, question: Message) -> SamplingParams:
    return SamplingParams(max_tokens=settings.MAX_REPLY_TOKENS)


def turns_up_to(message: Message) -> list[Turn]:
    path = thread.messages_up_to(message.pk, TURNS_SENT) if message.parent_id else [message]
    return [Turn(TurnRole(m.role), m.text) for m in path if m.text.strip()]


@transaction.atomic
def regenerate(*, reply: Message) -> Message:
    """Another reply beside this one, which stays; a question gets one where it has none any more. Raises Busy."""
    conversation = locked(reply.conversation)
    if active_message(conversation):
        raise Busy
    question = reply if reply.role == Role.USER else reply.parent
    assert question is not None
    conversation.leaf = question
    fresh = start_reply(conversation, question)
    changed(conversation)
    return fresh


@transaction.atomic
def show_branch(*, message: Message) -> None:
    """Shows the path through that message, down to the newest message below it."""
    conversation = locked(message.conversation)
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
    conversation = locked(conversation)
    name(conversation, title, ours=False)
    changed(conversation)


@transaction.atomic
def share(*, conversation: Conversation, shared: bool) -> None:
    conversation = locked(conversation)
    conversation.shared = shared
    changed(conversation)
    list_changed(conversation, team=True)


def reply_ended(*, generation: Generation, **_kwargs) -> dict | None:
    """On generation_ended: the page's revision grows, and the next message that waits gets its reply."""
    conversation: Any = next(iter(rows.load(Conversation, OF_GENERATION, [generation.pk])), None)
    if conversation is None:
        return None
    said = {"words": words.lexemes(generation.text), "reply": conversation.reply, "conversation": conversation.pk}
    waits = rows.select(WORDS, said)
    goes_on = bool(waits) and conversation.deleted_at is None and answer_next(conversation)
    changed(conversation, quietly=not goes_on)
    return {"revision": conversation.revision + 1}


def answer_next(conversation: Conversation) -> bool:
    """Asks for the reply to the first message that waits. False when none does. The caller holds the lock."""
    waiting = conversation.messages.filter(waiting=True).order_by("pk").first()
    if waiting is None:
        return False
    waiting.waiting = False
    waiting.save(update_fields=["waiting"])
    start_reply(conversation, waiting)
    return True


def active_message(conversation: Conversation) -> Message | None:
    """The reply that is asked for or being written."""
    replies = conversation.messages.filter(generation__status__in=("queued", "streaming"))
    return replies.select_related("generation").order_by("pk").first()


def changed(conversation: Conversation, *, quietly: bool = False) -> None:
    """Saves the conversation under its next revision. `quietly`: those who look on hear of it in another way."""
    values: dict[str, Any] = {
        "shared": conversation.shared,
        "leaf": conversation.leaf_id,
        "now": timezone.now(),
        "id": conversation.pk,
    }
    if conversation.renamed:
        title = conversation.title
        values |= {"title": title, "ours": conversation.title_is_ours, "words": words.lexemes(title)}
    rows.execute(CHANGE.format(NAME if conversation.renamed else ""), values)
    conversation.renamed = False
    if not quietly:
        channel = conversation.channel
        revision = conversation.revision + 1  # or later
        transaction.on_commit(lambda: tell(channel, {"type": "chat.changed", "revision": revision}))


def name(conversation: Conversation, title: str, *, ours: bool = True) -> None:
    """Gives it a title; whoever holds its lock calls `changed`, which stores it. `ours`: no person chose it."""
    conversation.title, conversation.title_is_ours, conversation.renamed = title, ours, True
    list_changed(conversation)


def locked(conversation: Conversation) -> Conversation:
    """Raises Conversation.DoesNotExist when it is gone."""
    found = rows.load(Conversation, LOCK, [conversation.pk])
    if not found:
        raise Conversation.DoesNotExist
    return found[0]
