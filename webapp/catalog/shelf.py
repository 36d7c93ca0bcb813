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
class Figure:
    """One number of evaluation.json: of which task, on what, by which measure."""

    task: str
    data: str
    measure: str
    value: float


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
    figures: list[Figure] = field(default_factory=list)


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
        figures=list(figures(_json(path / "evaluation.json"))),
    )


def count_parameters(path: Path) -> int:
    """From the headers of its safetensors files (https://github.com/huggingface/safetensors#format): a length of eight
    bytes, little-endian, then JSON that gives each tensor's shape."""
    return sum(math.prod(shape) for file in path.glob("*.safetensors") for shape in _shapes(file))


def figures(evaluation: dict[str, Any]) -> Iterator[Figure]:
    for task, by_data in evaluation.items():
        for data, measures in by_data.items() if isinstance(by_data, dict) else ():
            if isinstance(measures, dict):
                for measure, value in measures.items():
                    if isinstance(value, int | float):
                        yield Figure(task, data, measure, value)
            elif isinstance(measures, int | float):
                yield Figure(task, "", data, measures)


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
    named = next((line for line in metadata.splitlines() if line.startswith("license:")), "")
    first = next((line.strip() for line in _text(path / "LICENSE").splitlines() if line.strip()), "")
    return named.partition(":")[2].strip().strip("\"'") or first[:80]


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
