"""What a model learns from, before it is tokens."""

from dataclasses import dataclass

from inference.messages import Message


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages that alternate user and assistant, a system message first if any. Only the replies are learned."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, all of which is learned; `given` comes before it as a prompt does."""

    text: str
    given: str = ""


Example = Conversation | Text
