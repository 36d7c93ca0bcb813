"""Files of examples -> conversations and texts. One JSON object a line, UTF-8, plain or xz-compressed.

kind         row
chat         {"messages": [{"role": "user", "content": "…"}, …, {"role": "assistant", …}]}
text         {"text": "…"}
translation  {"src": "…", "tgt": "…", "src_lang": "en", "tgt_lang": "zh"}: gives an example in each direction
story        {"text": "…"}: the text is the reply to a request for a story
intents      {"prompts": ["…", …], "replies": ["…", …]}: every prompt gets one of the replies

What cannot be used raises DataError, which names the file and the line.
"""

import json
import lzma
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.messages import Message, Role
from training import phrasings
from training.config import SourceConfig
from training.errors import DataError


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages that alternate user and assistant, a system message first if any. Only the replies are learned."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, all of which is learned."""

    text: str


Example = Conversation | Text
Row = Mapping[str, Any]


def load_examples(source: SourceConfig, directories: Sequence[Path], *, seed: int) -> list[Example]:
    """All examples of a source, in an order that depends on nothing but the file and the seed."""
    path = find_file(source.file, directories)
    rng = random.Random(f"{seed} {source.name}")  # noqa: S311 (variety, not secrets)
    examples: list[Example] = []
    for line, row in read_rows(path):
        if all(row.get(field) == value for field, value in source.where.items()):
            try:
                examples.extend(PARSERS[source.kind](row, rng))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path.name}, line {line}: {_reason(error, source.kind)}") from error
    examples = [example for example in examples if not _is_excluded(example, source.exclude_replies)]
    examples = _without_duplicates(examples, one_reply=source.kind in ("chat", "intents"))
    return _vary(examples, source, rng)


def find_file(name: str, directories: Sequence[Path]) -> Path:
    for directory in directories:
        for candidate in (directory / name, directory / f"{name}.xz"):
            if candidate.is_file():
                return candidate
    places = ", ".join(str(directory) for directory in directories)
    raise DataError(f"There is no file {name} (or {name}.xz) in {places}: check --corpus and the source's name.")


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """(line number from 1, row) of every line that is not blank."""
    with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse_line(line, f"{path.name}, line {number}")


def _parse_line(line: bytes, place: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:  # not JSON, or not UTF-8
        raise DataError(f"{place}: this is not a JSON object in UTF-8 ({error}).") from error
    if not isinstance(row, dict):
        raise DataError(f"{place}: expected a JSON object, found a {type(row).__name__}.")
    return row


def _reason(error: Exception, kind: str) -> str:
    if isinstance(error, KeyError):
        return f"the field {error.args[0]!r} is missing from a row of kind {kind!r}."
    return f"{error}."


def _chat(row: Row, rng: random.Random) -> list[Example]:
    messages = tuple(Message(Role(item["role"]), _text(item["content"])) for item in row["messages"])
    turns = messages[1:] if messages and messages[0].role is Role.SYSTEM else messages
    wanted = [Role.USER, Role.ASSISTANT] * (len(turns) // 2)
    if not turns or [message.role for message in turns] != wanted:
        raise ValueError("messages must alternate user and assistant and end with the assistant")
    return [Conversation(messages)]


def _plain(row: Row, rng: random.Random) -> list[Example]:
    return [Text(_text(row["text"]))]


def _translation(row: Row, rng: random.Random) -> list[Example]:
    sides = (row["src_lang"], _text(row["src"])), (row["tgt_lang"], _text(row["tgt"]))
    return [
        _exchange(phrasings.translation_request(text, source=source, target=target, rng=rng), reply)
        for (source, text), (target, reply) in (sides, sides[::-1])
    ]


def _story(row: Row, rng: random.Random) -> list[Example]:
    story = _text(row["text"])
    return [_exchange(phrasings.story_request(story, rng=rng), story)]


def _intents(row: Row, rng: random.Random) -> list[Example]:
    replies = [_text(reply) for reply in row["replies"]]
    return [_exchange(_text(prompt), replies[i % len(replies)]) for i, prompt in enumerate(row["prompts"])]


PARSERS: Mapping[str, Callable[[Row, random.Random], list[Example]]] = {
    "chat": _chat,
    "text": _plain,
    "translation": _translation,
    "story": _story,
    "intents": _intents,
}


def _exchange(prompt: str, reply: str) -> Conversation:
    return Conversation((Message(Role.USER, prompt), Message(Role.ASSISTANT, reply)))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text that is not empty, found {value!r}")
    return value.strip()


def _is_excluded(example: Example, replies: Sequence[str]) -> bool:
    return isinstance(example, Conversation) and any(message.content in replies for message in example.messages)


def _without_duplicates(examples: Sequence[Example], *, one_reply: bool) -> list[Example]:
    """One reply to a prompt: a model asked to give two different ones learns neither."""
    first: dict[object, Example] = {}
    for example in examples:
        key = example.messages[:-1] if one_reply and isinstance(example, Conversation) else example
        first.setdefault(key, example)
    return list(first.values())


def _vary(examples: list[Example], source: SourceConfig, rng: random.Random) -> list[Example]:
    if source.max_examples is not None and len(examples) > source.max_examples:
        examples = rng.sample(examples, source.max_examples)
    if source.joined:
        examples = [_join(example, examples, rng) if rng.random() < source.joined else example for example in examples]
    if source.with_system:
        examples = [
            _with_system(example, rng) if rng.random() < source.with_system else example for example in examples
        ]
    return examples


def _join(example: Example, others: Sequence[Example], rng: random.Random) -> Example:
    """Small talk has no thread to lose: independent exchanges in a row teach where a turn ends and the next begins."""
    parts = [*rng.sample(others, min(rng.choice((1, 2)), len(others))), example]
    return Conversation(tuple(message for part in parts if isinstance(part, Conversation) for message in part.messages))


def _with_system(example: Example, rng: random.Random) -> Example:
    if not isinstance(example, Conversation) or example.messages[0].role is Role.SYSTEM:
        return example
    return Conversation((Message(Role.SYSTEM, rng.choice(phrasings.SYSTEM)), *example.messages))
