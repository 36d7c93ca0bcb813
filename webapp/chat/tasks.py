"""What each task makes of the same conversations: its prompt, how a message looks, what they are called. Rooms register
as they load."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django_stubs_ext import StrOrPromise

from inference.messages import Message as Turn
from inference.messages import SamplingParams
from webapp.chat.models import Conversation, Message


class Belongings(Protocol):
    """What a room keeps of a conversation beside its messages: how that leaves the house, and comes in again."""

    def export(self, conversation: Conversation) -> Any:
        """Ready for JSON; None where there is nothing."""

    def restore(self, conversation: Conversation, told: Any, messages: Mapping[str, Message]) -> None:
        """Stores what `export` told. `messages`: those of the conversation, by the ids that they had. Raises
        msgspec.ValidationError and ValueError where that makes no sense."""

    def markdown(self, conversation: Conversation, thread: str) -> str:
        """The conversation for people; `thread` is what its messages make."""


@dataclass(frozen=True, slots=True)
class Room:
    """`prompt` makes what the model reads from the path up to a person's message; `params` what the sampler is asked,
    where people chose nothing. `things` heads the list of them, `new` is on the button that begins one."""

    prompt: Callable[[Conversation, Message], list[Turn]]
    params: Callable[[Conversation, Message], SamplingParams]
    things: StrOrPromise
    new: StrOrPromise
    message_template: str = "chat/message.html"
    belongings: Belongings | None = None


_rooms: dict[str, Room] = {}


def register(task: str, room: Room) -> None:
    _rooms[task] = room


def room_of(task: str) -> Room:
    return _rooms[task]
