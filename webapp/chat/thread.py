"""The path of messages that a conversation shows, from its first to its leaf."""

from collections import defaultdict

from django.db import connection

from webapp.chat.models import Conversation, Message

WINDOW = 60  # messages on a page when it opens; older ones are loaded when one scrolls up to them

PATH = """
WITH RECURSIVE path(id, parent_id, depth) AS (
    SELECT id, parent_id, 0 FROM chat_message WHERE id = %s
    UNION ALL
    SELECT m.id, m.parent_id, depth + 1 FROM chat_message m JOIN path ON m.id = path.parent_id WHERE depth < %s
)
SELECT id FROM path ORDER BY depth DESC
"""


def path_ids(leaf_id: int, limit: int) -> list[int]:
    """The last `limit` messages up to that leaf, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(PATH, [leaf_id, limit - 1])
        return [row[0] for row in cursor.fetchall()]


def messages_up_to(leaf_id: int | None, limit: int = WINDOW) -> list[Message]:
    """The last `limit` messages of the path to that leaf, each with `sibling_ids`: all answers (or all wordings of the
    question) in its place, itself included."""
    if leaf_id is None:
        return []
    ids = path_ids(leaf_id, limit)
    found = Message.objects.select_related("generation", "author").in_bulk(ids)
    messages = [found[i] for i in ids]
    conversation_id = messages[0].conversation_id
    siblings: defaultdict[int | None, list[int]] = defaultdict(list)
    parents = {message.parent_id for message in messages}
    rows = Message.objects.filter(conversation=conversation_id).order_by("pk").values_list("pk", "parent_id")
    for pk, parent_id in rows.filter(parent__in=parents - {None}):
        siblings[parent_id].append(pk)
    if None in parents:
        siblings[None] = [pk for pk, _ in rows.filter(parent=None)]
    for message in messages:
        message.sibling_ids = tuple(siblings[message.parent_id])
    return messages


def shown(conversation: Conversation, limit: int = WINDOW) -> list[Message]:
    return messages_up_to(conversation.leaf_id, limit)


def deepest(message: Message) -> Message:
    """The end of the newest branch below a message."""
    while (child := message.children.order_by("-pk").first()) is not None:
        message = child
    return message
