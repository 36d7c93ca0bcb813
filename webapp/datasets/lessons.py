"""Rows as the training package takes them (training/lessons.py): in a worker only."""

from collections.abc import Iterator
from typing import Any

from webapp.datasets.kinds import BadRow
from webapp.datasets.models import Shape
from webapp.lib.sentences import said

Values = dict[str, Any]


def check(values: Values, shape: str) -> None:
    """Raises BadRow for what `python -m training finetune` would not take."""
    from training import lessons

    try:
        lessons.parse(values, shape)
    except ValueError as error:
        raise BadRow(said(error)) from error


def texts(values: Values) -> Iterator[str]:
    """All that people or a model wrote in a row, in order."""
    for turn in values.get("messages") or values.get("prompt") or ():
        yield turn["content"]
    yield from (values[field] for field in ("chosen", "rejected", "completion") if field in values)


def question(values: Values) -> str:
    """What the model is asked last."""
    if "messages" in values:
        return next((turn["content"] for turn in reversed(values["messages"]) if turn["role"] == "user"), "")
    return values["prompt"][-1]["content"]


def reply(values: Values) -> str:
    """What is to be learnt of it, or what the thumb is on."""
    if "messages" in values:
        return values["messages"][-1]["content"]
    return values.get("chosen") or values.get("completion") or ""


def with_texts(values: Values, change: Any) -> Values:
    """The same row with change(text) in place of each text."""
    made = dict(values)
    for field in ("messages", "prompt"):
        if field in made:
            made[field] = [{**turn, "content": change(turn["content"])} for turn in made[field]]
    for field in ("chosen", "rejected", "completion"):
        if field in made:
            made[field] = change(made[field])
    return made


def shape_of(values: Values) -> Shape:
    return Shape.SUPERVISED if "messages" in values else Shape.PREFERENCE if "chosen" in values else Shape.THUMBS
