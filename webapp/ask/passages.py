"""The passage of a conversation: ready to be asked, and as the page shows it."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from webapp.ask.models import Passage
from webapp.ask.support import Index, Support
from webapp.chat.models import Message, Role

KEPT = 8  # indexes in a process: one of 100,000 characters takes about 25 MB


@lru_cache(KEPT)
def index_of(conversation_id: UUID) -> Index:
    """Empty where there is none, as in a conversation that came in by another way."""
    return Index(Passage.objects.filter(conversation=conversation_id).values_list("text", flat=True).first() or "")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence as it stands on the page, with the white space `before` it."""

    before: str
    number: int
    text: str
    lit: bool


def pieces(index: Index, lit: tuple[int, ...]) -> list[Piece]:
    ends = [0, *(sentence.end for sentence in index.sentences)]
    return [
        Piece(index.text[end : s.start], s.number, index.text[s.start : s.end], s.number in lit)
        for end, s in zip(ends, index.sentences, strict=False)
    ]


def support_of(reply: Message, thread: list[Message]) -> Support:
    """`thread` holds the question before it, where the page does."""
    if reply.role != Role.ASSISTANT or not reply.text.strip():
        return Support()
    return index_of(reply.conversation_id).support(question_of(reply, thread), reply.text)


def question_of(reply: Message, thread: list[Message]) -> str:
    return next((message.content for message in thread if message.pk == reply.parent_id), "")


def last_support(thread: list[Message]) -> Support:
    """Of the newest answer: what the page shows when it opens."""
    for message in reversed(thread):
        if message.role == Role.ASSISTANT and message.text.strip():
            return support_of(message, thread)
    return Support()
