"""The models on this machine, read from their directories: weights, card, evaluation. Nothing is loaded."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference.models import is_local, weigh

LARGEST_FILE = 4 * 1024**2  # bytes of a card or an evaluation that is read


@dataclass(frozen=True, slots=True)
class Table:
    """What evaluation.json says of one task: data sets down and measures across, or the other way round where there are
    more measures; None where one was not measured."""

    task: str
    heads: list[str]
    rows: list[tuple[str, list[float | None]]]
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Shelved:
    """A model as its directory tells of it. `parameters` and `size_bytes` are 0 where the weights are elsewhere."""

    name: str
    directory: str
    parameters: int = 0
    size_bytes: int = 0
    context: int | None = None
    licence: str = ""
    card: str = ""
    tables: list[Table] = field(default_factory=list)


def describe(name: str, model: str) -> Shelved:
    """`model` is a directory, or a hub's name of which only the name is known here."""
    if not is_local(model):
        return Shelved(name, model)
    path = Path(model)
    return Shelved(
        name=name,
        directory=model,
        parameters=count_parameters(path),
        size_bytes=weigh(model),
        context=_json(path / "config.json").get("max_position_embeddings"),
        licence=_licence(path),
        card=_without_metadata(_card(path)),
        tables=list(tables(_json(path / "evaluation.json"))),
    )


def count_parameters(path: Path) -> int:
    """From the headers of its safetensors files (https://github.com/huggingface/safetensors#format): a length of eight
    bytes, little-endian, then JSON that gives each tensor's shape."""
    return sum(math.prod(shape) for file in path.glob("*.safetensors") for shape in _shapes(file))


def tables(evaluation: dict[str, Any]) -> Iterator[Table]:
    """Whatever was measured; what is no number is passed over."""
    for task, said in evaluation.items():
        rows = _rows(said) if isinstance(said, dict) else {}
        if rows:
            yield _table(task, rows)


def _rows(said: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By data set; "" where a task has no such."""
    by_data = {data: _numbers(values) for data, values in said.items() if isinstance(values, dict)} | {
        "": _numbers(said)
    }
    return {data: values for data, values in by_data.items() if values}


def _table(task: str, rows: dict[str, dict[str, float]]) -> Table:
    measures = list(dict.fromkeys(measure for values in rows.values() for measure in values))
    if len(measures) > 2 * len(rows):
        turned = [(measure, [values.get(measure) for values in rows.values()]) for measure in measures]
        return Table(task, list(rows), turned, turned=True)
    return Table(task, measures, [(data, [values.get(m) for m in measures]) for data, values in rows.items()])


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _shapes(file: Path) -> Iterator[list[int]]:
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(min(size, LARGEST_FILE)))
    return (entry["shape"] for name, entry in header.items() if name != "__metadata__")


def _card(path: Path) -> str:
    return _text(path / "MODEL_CARD.md") or _text(path / "README.md")


def _licence(path: Path) -> str:
    """As the card's metadata name it (https://huggingface.co/docs/hub/model-cards), or the first line of a LICENSE."""
    card = _card(path)
    metadata = card.partition("\n---\n")[0] if card.startswith("---\n") else ""
    lines = [line.partition(":") for line in metadata.splitlines()]
    named = {key: _unquoted(value.strip()) for key, _, value in lines}
    first = next((line.strip() for line in _text(path / "LICENSE").splitlines() if line.strip()), "")
    licence = named.get("license", "")
    return (named.get("license_name") if licence == "other" else licence) or licence or first[:80]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] in "\"'" else value


def _without_metadata(card: str) -> str:
    return card.partition("\n---\n")[2] if card.startswith("---\n") else card


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
