"""The passage of a conversation, out of the house and in again: {"name": of the file, "text": …}."""

from collections.abc import Mapping
from typing import Any

import msgspec

from webapp.ask.models import Passage
from webapp.ask.services import find_with
from webapp.chat.exporting import quoted
from webapp.chat.models import Conversation, Message, Role


class Told(msgspec.Struct):
    text: str
    name: str = ""


def export(conversation: Conversation) -> Any:
    return Passage.objects.filter(conversation=conversation).values("name", "text").first()


def restore(conversation: Conversation, told: Any, messages: Mapping[str, Message]) -> None:
    """Without it answers stand on nothing, and the page says so."""
    if told is not None:
        found = msgspec.convert(told, Told)
        Passage.objects.create(conversation=conversation, name=found.name[:200], text=found.text)
        if first := next((message for message in messages.values() if message.role == Role.USER), None):
            find_with(first, found.text)


def markdown(conversation: Conversation, thread: str) -> str:
    passage = Passage.objects.filter(conversation=conversation).first()
    return f"{quoted(passage.text)}\n\n{thread}" if passage else thread
