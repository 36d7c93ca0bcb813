"""The path of messages that a conversation shows, from its first to its leaf."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Case, F, FilteredRelation, OuterRef, Q, QuerySet, When
from django.db.models.expressions import RawSQL

from webapp.accounts.models import User
from webapp.chat.models import Conversation, Message, Task

WINDOW = 60  # messages on a page when it opens; older ones are loaded when one scrolls up to them
FARTHEST_JUMP, ABOVE = 1000, 4  # messages: how far up a page reaches to show one, and what stands above that one
FURTHEST = 260  # messages above the end among which a reply's prompt begins; chat.services.TURNS_SENT is less

PATH = """
WITH RECURSIVE path(id, parent_id, depth) AS (
    SELECT id, parent_id, 0 FROM chat_message WHERE id = %s
    UNION ALL
    SELECT m.id, m.parent_id, depth + 1 FROM chat_message m JOIN path ON m.id = path.parent_id WHERE depth < %s
)
"""
IDS = PATH + "SELECT id FROM path ORDER BY depth DESC"  # noqa: S608 (of constants)
READ = (
    PATH
    + """
SELECT m.id, coalesce(g.text, m.content) ~ '\\S',
       CASE WHEN g.finished_at IS NOT NULL
       THEN jsonb_array_length(g.prompt) - (g.prompt @> '[{"role": "system"}]')::int - g.turns_left_out END
FROM path JOIN chat_message m USING (id) LEFT JOIN generation_generation g ON g.id = m.generation_id
ORDER BY depth DESC
"""
)
BELOW = """
WITH RECURSIVE below(id) AS (
    SELECT id FROM chat_message WHERE id = %s
    UNION ALL
    SELECT m.id FROM chat_message m JOIN below ON m.parent_id = below.id
)
SELECT id FROM below
"""
# All in the place of a message: where it has a parent, that one's children, else what the conversation began with.
SIBLINGS = Case(
    When(
        parent=None,
        then=ArraySubquery(
            Message.objects.filter(conversation=OuterRef("conversation"), parent=None).order_by("pk").values("pk")
        ),
    ),
    default=ArraySubquery(Message.objects.filter(parent=OuterRef("parent")).order_by("pk").values("pk")),
)
PLACE = {"sibling_ids": SIBLINGS, "as_of": F("conversation__revision")}
FEEDBACK = {"my_thumb": F("mine__thumb"), "my_correction": F("mine__correction")}


def path_ids(leaf_id: int, limit: int) -> list[int]:
    """The last `limit` messages up to that leaf, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(IDS, [leaf_id, limit - 1])
        return [row[0] for row in cursor.fetchall()]


def ids_below(message_id: int) -> list[int]:
    """A message and all that follows it, in every branch."""
    with connection.cursor() as cursor:
        cursor.execute(BELOW, [message_id])
        return [row[0] for row in cursor.fetchall()]


def messages_up_to(leaf_id: int | None, limit: int = WINDOW, viewer: User | None = None) -> list[Message]:
    """The last `limit` messages of the path to that leaf, each with `sibling_ids`: all answers (or all wordings of the
    question) in its place, itself included; and with the viewer's own feedback. One query, so that all is as of one
    moment, and `as_of` says of which revision of the conversation."""
    if leaf_id is None:
        return []
    on_path = _with_feedback(viewer).filter(pk__in=RawSQL(IDS, [leaf_id, limit - 1]))  # noqa: S611 (of constants)
    found: dict[int | None, Message] = {m.pk: m for m in on_path.annotate(**PLACE)}
    messages: list[Message] = []
    while message := found.get(messages[-1].parent_id if messages else leaf_id):
        message.sibling_ids = tuple(message.sibling_ids)
        messages.append(message)
    return messages[::-1]


def _with_feedback(viewer: User | None) -> QuerySet[Message]:
    """Without the prompts: each repeats the conversation up to there."""
    found = Message.objects.select_related("generation", "author")
    found = found.defer("words", "generation__prompt", "generation__logprobs")
    if viewer is None:
        return found
    mine = FilteredRelation("feedback", condition=Q(feedback__author=viewer))
    return found.alias(mine=mine).annotate(**FEEDBACK)


def shown(conversation: Conversation, limit: int = WINDOW, viewer: User | None = None) -> list[Message]:
    """The end of the path, as that person sees it."""
    messages = messages_up_to(conversation.leaf_id, limit, viewer)
    last = next((m.generation for m in reversed(messages) if m.generation and not m.active), None)
    if last and last.turns_left_out:
        mark_first_read(conversation, messages)
    return messages


def window_to(conversation: Conversation, message_id: int | None) -> int:
    """How many messages a page shows so that this one is among them, if it is on the path at all."""
    if message_id is None or conversation.leaf_id is None:
        return WINDOW
    ids = path_ids(conversation.leaf_id, FARTHEST_JUMP)
    return max(WINDOW, len(ids) - ids.index(message_id) + ABOVE) if message_id in ids else WINDOW


def mark_first_read(conversation: Conversation, messages: list[Message]) -> None:
    """Sets `first_read` where one of them is the message before which nothing was read for the last reply."""
    found = first_read(conversation) if conversation.task == Task.CHAT else None
    for message in messages:
        message.first_read = message.pk == found


def first_read(conversation: Conversation) -> int | None:
    """From which message on the model read when it wrote the path's last reply; None: from the very first."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [conversation.leaf_id, FURTHEST])
        rows = cursor.fetchall()
    last = max((place for place, (_, _, read) in enumerate(rows) if read), default=0)
    said = [pk for pk, has_text, _ in rows[:last] if has_text]
    read = rows[last][2] if rows else 0
    return said[-read] if read and read < len(said) else None


def deepest(message: Message) -> Message:
    """The end of the newest branch below a message."""
    while (child := message.children.order_by("-pk").first()) is not None:
        message = child
    return message
