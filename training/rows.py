"""What a row of data is, whatever its format: its kind, its texts, its language."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]

FIELDS = {
    "chat": ("messages",),
    "intents": ("prompts", "replies"),
    "translation": ("src", "tgt", "src_lang", "tgt_lang"),
    "qa": ("context", "question", "answers"),
    "sentiment": ("text", "label"),
    "text": ("text",),
}
"""The fields by which a kind is known, the more particular ones first (training/data.py has the formats)."""


def kind_of(row: Row) -> str | None:
    return next((kind for kind, fields in FIELDS.items() if all(field in row for field in fields)), None)


def texts_of(row: Row) -> Iterator[tuple[str, str]]:
    """(language, text) of everything that people wrote in the row; the language is "" where none is named.

    Raises KeyError, TypeError or ValueError where the row is not what its kind should be.
    """
    language = str(row.get("lang", ""))
    for name in ("text", "context", "question"):
        if name in row:
            yield language, _text(row[name])
    for message in row.get("messages", ()):
        yield language, _text(message["content"])
    for name in ("prompts", "replies", "answers"):
        yield from ((language, _text(text)) for text in row.get(name, ()))
    for side in ("src", "tgt"):
        if side in row:
            yield str(row[f"{side}_lang"]), _text(row[side])


def with_texts(row: Row, change: Callable[[str], str]) -> dict[str, Any]:
    """The row with every text that people wrote changed."""
    changed = dict(row)
    for name in ("text", "context", "question", "src", "tgt"):
        if name in row:
            changed[name] = change(row[name])
    for name in ("prompts", "replies", "answers", "refs"):
        if name in row:
            changed[name] = [change(text) for text in row[name]]
    if "messages" in row:
        changed["messages"] = [{**message, "content": change(message["content"])} for message in row["messages"]]
    return changed


def gist_of(row: Row) -> str:
    """What makes the row different from others: many questions share a passage, so there it is the question."""
    if "question" in row:
        return "\n".join([row["question"], *row["answers"]])
    return "\n".join(text for _, text in texts_of(row))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text that is not empty, found {value!r}")
    return value
