"""What each task makes of the same conversations: its prompt, and how a message looks. Rooms register as they load."""

from collections.abc import Callable
from dataclasses import dataclass

from inference.messages import Message as Turn
from inference.messages import SamplingParams
from webapp.chat.models import Conversation, Message


@dataclass(frozen=True, slots=True)
class Room:
    """`prompt` makes what the model reads from the path up to a person's message; `params` what the sampler is asked,
    where people chose nothing."""

    prompt: Callable[[Conversation, Message], list[Turn]]
    params: Callable[[Conversation, Message], SamplingParams]
    message_template: str = "chat/message.html"


_rooms: dict[str, Room] = {}


def register(task: str, room: Room) -> None:
    _rooms[task] = room


def room_of(task: str) -> Room:
    return _rooms[task]
