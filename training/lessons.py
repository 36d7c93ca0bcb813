"""What a model that exists is taught: rows of three shapes, one JSON object a line.

supervised   {"messages": [{"role": "user", "content": "…"}, …, {"role": "assistant", …}], "learn": "all" or "last"}
preference   {"prompt": [messages, the last a user's], "chosen": "…", "rejected": "…"}
thumbs       {"prompt": [messages, the last a user's], "completion": "…", "label": true or false}

Any row may say for which "task" it is (chat, write, translate, ask, analyze), and a translation its "source" and
"target" (BCP-47). Light: who only checks rows loads neither PyTorch nor transformers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.messages import Message, Role
from inference.sentences import Sentence, said
from training.data import located, no_message, read_rows
from training.errors import DataError

SHAPES = ("supervised", "preference", "thumbs")
TASKS = ("chat", "write", "translate", "ask", "analyze")
TURNS = {"system": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT}


@dataclass(frozen=True, slots=True)
class Lesson:
    """`reply` is the answer to `prompt` that is to be learned, or that a thumb is on (`liked`); `rejected` the worse
    one of a pair. Of several replies in a supervised row all are learned, unless `last_only`."""

    prompt: tuple[Message, ...]
    reply: str
    rejected: str = ""
    liked: bool = True
    last_only: bool = False
    task: str = "chat"
    target: str = ""

    @property
    def messages(self) -> tuple[Message, ...]:
        return (*self.prompt, Message(Role.ASSISTANT, self.reply))


def parse(row: Mapping[str, Any], shape: str) -> Lesson:
    """Raises ValueError with a sentence that says what is wrong with the row."""
    task = row.get("task", "chat")
    if task not in TASKS:
        raise ValueError(
            Sentence("task must be one of %(tasks)s, not %(task)s", tasks=", ".join(TASKS), task=repr(task))
        )
    told = {"task": task, "target": str(row.get("target", ""))}
    if shape == "supervised":
        messages = _messages(row, "messages")
        if messages[-1].role is not Role.ASSISTANT:
            raise ValueError(Sentence("messages must end with the assistant's: that is what is learnt"))
        _alternate(messages[:-1])
        learn = row.get("learn", "all")
        if learn not in ("all", "last"):
            raise ValueError(Sentence("learn must be all or last, not %(learn)s", learn=repr(learn)))
        return Lesson(messages[:-1], messages[-1].content, last_only=learn == "last", **told)
    prompt = _messages(row, "prompt")
    _alternate(prompt)
    if shape == "preference":
        chosen, rejected = _text(row, "chosen"), _text(row, "rejected")
        if chosen == rejected:
            raise ValueError(Sentence("chosen and rejected are the same: nothing can be learnt from that"))
        return Lesson(prompt, chosen, rejected, **told)
    if shape == "thumbs":
        label = row.get("label")
        if not isinstance(label, bool):
            raise ValueError(Sentence("label must be true or false, not %(label)s", label=repr(label)))
        return Lesson(prompt, _text(row, "completion"), liked=label, **told)
    raise ValueError(f"there is no shape {shape!r}: {', '.join(SHAPES)} are known")


def read_lessons(path: Path, shape: str) -> list[Lesson]:
    """Raises DataError, which names file and line."""
    return list(_read(path, shape))


def _read(path: Path, shape: str) -> Iterator[Lesson]:
    for line, row in read_rows(path):
        try:
            yield parse(row, shape)
        except ValueError as error:
            raise DataError(located(path.name, line, said(error))) from error


def _messages(row: Mapping[str, Any], field: str) -> tuple[Message, ...]:
    turns = row.get(field)
    if not isinstance(turns, list) or not turns:
        raise ValueError(Sentence("%(field)s must be a list of messages", field=field))
    return tuple(_message(turn) for turn in turns)


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict) or turn.get("role") not in TURNS:
        raise ValueError(no_message(turn))
    return Message(TURNS[turn["role"]], _text(turn, "content"))


def _alternate(messages: tuple[Message, ...]) -> None:
    turns = messages[1:] if messages and messages[0].role is Role.SYSTEM else messages
    wanted = [Role.USER, Role.ASSISTANT] * (len(turns) // 2) + [Role.USER]
    if [message.role for message in turns] != wanted:
        raise ValueError(Sentence("messages must alternate user and assistant, and a system message may come first"))


def _text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(
            Sentence("%(field)s must be text that is not empty, not %(value)s", field=field, value=repr(value))
        )
    return value
