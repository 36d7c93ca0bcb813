"""Files of examples -> conversations and texts. One JSON object a line, UTF-8, plain or xz-compressed.

kind         row
chat         {"messages": [{"role": "user", "content": "…"}, …, {"role": "assistant", …}]}
text         {"text": "…"}
translation  {"src": "…", "tgt": "…", "src_lang": "en", "tgt_lang": "zh"}: gives an example in each direction
pair         the same rows, without a request around them: half the tokens
qa           {"context": "…", "question": "…", "answers": ["…"]}: no answer where the context has none
sentiment    {"text": "…", "label": "positive", "negative" or "neutral"}
story        {"text": "…"}: the text is the reply to a request for a story
intents      {"prompts": ["…", …], "replies": ["…", …]}: every prompt gets one of the replies

What cannot be used raises DataError, which names the file and the line.
"""

import json
import lzma
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference.messages import Message, Role
from inference.prompts import LANGUAGES, SENTIMENTS
from inference.sentences import Sentence, said
from training import passages, phrasings
from training.config import SourceConfig
from training.errors import DataError
from training.examples import Conversation, Example, Text
from training.variety import arrange

Row = Mapping[str, Any]

ROLES = tuple(role.value for role in Role)


def load_examples(source: SourceConfig, directories: Sequence[Path], *, seed: int) -> list[Example]:
    """All examples of a source, in an order that depends on nothing but the file and the seed."""
    rng = random.Random(f"{seed} {source.name}")  # noqa: S311 (variety, not secrets)
    parse = _passages if source.kind == "qa" else _row_by_row
    examples = parse(source, directories, rng)
    return arrange(examples, source, rng)


def load_texts(source: SourceConfig, directories: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """(language, text) of everything that is written in the rows of a source, "" where a row names no language."""
    for _, row in _chosen(source, find_file(source.file, directories)):
        language = str(row.get("lang", ""))
        yield from ((language, str(row[field])) for field in ("text", "context", "question") if field in row)
        yield from ((language, str(message["content"])) for message in row.get("messages", ()))
        yield from ((language, str(text)) for field in ("prompts", "replies", "answers") for text in row.get(field, ()))
        yield from ((str(row[f"{side}_lang"]), str(row[side])) for side in ("src", "tgt") if side in row)


def _row_by_row(source: SourceConfig, directories: Sequence[Path], rng: random.Random) -> list[Example]:
    path = find_file(source.file, directories)
    examples: list[Example] = []
    for line, row in _chosen(source, path):
        with _located(path, line, source.kind):
            for _ in range(source.variants):
                examples.extend(PARSERS[source.kind](row, rng))
    return examples


def _passages(source: SourceConfig, directories: Sequence[Path], rng: random.Random) -> list[Example]:
    path, line = find_file(source.file, directories), 0

    def rows() -> Iterator[Row]:
        nonlocal line
        for line, row in _chosen(source, path):  # noqa: B007 (the line is for the error)
            yield row

    try:
        found = passages.group(rows())
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(located(path.name, line, _reason(error, source.kind))) from error
    made = passages.conversations(
        found,
        characters=source.passage_characters,
        variants=source.variants,
        unanswered=source.unanswered,
        rng=rng,
    )
    return [Conversation(messages) for messages in made]


def _chosen(source: SourceConfig, path: Path) -> Iterator[tuple[int, Row]]:
    for line, row in read_rows(path):
        if all(row.get(field) == value for field, value in source.where.items()):
            yield line, row


@contextmanager
def _located(path: Path, line: int, kind: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(located(path.name, line, _reason(error, kind))) from error


def located(file: str, line: int, reason: str) -> Sentence:
    return Sentence("%(file)s, line %(line)s: %(reason)s.", file=file, line=line, reason=reason)


def find_file(name: str, directories: Sequence[Path]) -> Path:
    for directory in directories:
        for candidate in (directory / name, directory / f"{name}.xz"):
            if candidate.is_file():
                return candidate
    places = ", ".join(str(directory) for directory in directories)
    raise DataError(f"There is no file {name} (or {name}.xz) in {places}: check --corpus and the source's name.")


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """(line number from 1, row) of every line that is not blank."""
    for number, line in read_lines(path):
        yield number, parse_line(line, path.name, number)


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1."""
    try:
        with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as lines:
            yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(Sentence("%(file)s cannot be read: %(reason)s.", file=path.name, reason=error)) from error


def parse_line(line: bytes, file: str, number: int) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:  # not JSON, or not UTF-8
        reason = Sentence("this is not a JSON object in UTF-8 (%(reason)s)", reason=_flaw(error))
        raise DataError(located(file, number, reason)) from error
    if not isinstance(row, dict):
        reason = Sentence("expected a JSON object, found a %(kind)s", kind=Sentence(type(row).__name__))
        raise DataError(located(file, number, reason))
    return row


def _flaw(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    return Sentence(
        "%(reason)s: line %(line)s column %(column)s (char %(char)s)",
        reason=Sentence(error.msg),
        line=error.lineno,
        column=error.colno,
        char=error.pos,
    )


def _reason(error: Exception, kind: str) -> str:
    if isinstance(error, KeyError):
        field = repr(error.args[0])
        return Sentence("the field %(field)s is missing from a row of kind %(kind)s", field=field, kind=repr(kind))
    return said(error)


def _chat(row: Row, rng: random.Random) -> list[Example]:
    if not isinstance(row["messages"], list):
        raise ValueError(Sentence("%(field)s must be a list of messages", field="messages"))
    messages = tuple(map(_message, row["messages"]))
    turns = messages[1:] if messages and messages[0].role is Role.SYSTEM else messages
    wanted = [Role.USER, Role.ASSISTANT] * (len(turns) // 2)
    if not turns or [message.role for message in turns] != wanted:
        raise ValueError(Sentence("messages must alternate user and assistant and end with the assistant"))
    return [Conversation(messages)]


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict) or turn.get("role") not in ROLES:
        raise ValueError(no_message(turn))
    return Message(Role(turn["role"]), _text(turn.get("content")))


def no_message(turn: object) -> Sentence:
    return Sentence(
        "a message has a role (system, user or assistant) and a content, unlike %(found)s", found=repr(str(turn)[:80])
    )


def _plain(row: Row, rng: random.Random) -> list[Example]:
    return [Text(_text(row["text"]))]


def _translation(row: Row, rng: random.Random) -> list[Example]:
    sides = (row["src_lang"], _text(row["src"])), (row["tgt_lang"], _text(row["tgt"]))
    return [
        _exchange(phrasings.translation_request(text, source=source, target=target, rng=rng), reply)
        for (source, text), (target, reply) in (sides, sides[::-1])
    ]


def _pair(row: Row, rng: random.Random) -> list[Example]:
    sides = (row["src_lang"], _text(row["src"])), (row["tgt_lang"], _text(row["tgt"]))
    return [
        Text(reply, given=f"{LANGUAGES.get(source, source)}: {text}\n{LANGUAGES.get(target, target)}: ")
        for (source, text), (target, reply) in (sides, sides[::-1])
    ]


def _sentiment(row: Row, rng: random.Random) -> list[Example]:
    if row["label"] not in SENTIMENTS:
        known = ", ".join(SENTIMENTS)
        raise ValueError(
            Sentence("label must be one of %(labels)s, not %(label)s", labels=known, label=repr(row["label"]))
        )
    return [_exchange(phrasings.sentiment_request(_text(row["text"]), rng=rng), row["label"])]


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
    "pair": _pair,
    "sentiment": _sentiment,
    "story": _story,
    "intents": _intents,
}


def _exchange(prompt: str, reply: str) -> Conversation:
    return Conversation((Message(Role.USER, prompt), Message(Role.ASSISTANT, reply)))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(Sentence("expected text that is not empty, found %(value)s", value=repr(value)))
    return value.strip()
