"""How a run's tokenizer divides a text: the first of the steps from text to loss that one can look at."""

from dataclasses import dataclass
from pathlib import Path

from webapp.runs.models import TrainingRun


@dataclass(frozen=True, slots=True)
class Piece:
    """A token: its number in the vocabulary, and its text. A character of several bytes may be spread over several
    tokens; then `text` is "" for all but the last."""

    id: int
    text: str


def tokenizer_of(run: TrainingRun) -> Path | None:
    """Of the finished model, or of the newest checkpoint; None as long as there is neither."""
    checkpoints = sorted((run.directory / "checkpoints").glob("step-*"), reverse=True)
    places = [run.result, *checkpoints]
    return next((place / "tokenizer.json" for place in places if (place / "tokenizer.json").is_file()), None)


def pieces(run: TrainingRun, text: str) -> list[Piece] | None:
    """None as long as the run has no tokenizer."""
    path = tokenizer_of(run)
    if path is None:
        return None
    from tokenizers import Tokenizer  # 20 MB that only this needs

    encoding = Tokenizer.from_file(str(path)).encode(text, add_special_tokens=False)
    found, end = [], 0
    for number, (start, stop) in zip(encoding.ids, encoding.offsets, strict=True):
        found.append(Piece(number, text[max(start, end) : stop]))
        end = max(end, stop)
    return found
