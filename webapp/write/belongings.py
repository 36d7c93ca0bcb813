"""Where each request's answer belongs in its document, out of the house and in again:
[{"message": id of the request, "before": text, "selected": text, "after": text}, …]. For people it is the text alone.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from webapp.chat.models import Conversation, Message
from webapp.write.models import Change
from webapp.write.versions import current_version

PARTS = ("before", "selected", "after")


class Told(msgspec.Struct):
    message: int
    before: str = ""
    selected: str = ""
    after: str = ""


def export(conversation: Conversation) -> Any:
    found = Change.objects.filter(message__conversation=conversation).order_by("message")
    return [{"message": row.pop("message_id"), **row} for row in found.values("message_id", *PARTS)]


def restore(conversation: Conversation, told: Any, messages: Mapping[str, Message]) -> None:
    for row in msgspec.convert(told or [], list[Told]):
        if request := messages.get(str(row.message)):
            Change.objects.create(message=request, before=row.before, selected=row.selected, after=row.after)


def markdown(conversation: Conversation, thread: str) -> str:
    return current_version(conversation).text.rstrip() + "\n" if conversation.leaf_id else thread
