"""A row as the model will see it: its tokens, and which of them are learnt. In a worker only: it loads a tokenizer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.datasets.lessons import Values

MAX_LENGTH = 512  # tokens, as the form of a run proposes it
LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True, slots=True)
class Length:
    """`cut`: tokens that are more than fit. `problem`: why the model cannot be shown the row."""

    tokens: int = 0
    learned: int = 0
    cut: int = 0
    problem: str = ""


class Sight:
    """The eyes of the model in service, or of the built-in one where that is elsewhere."""

    def __init__(self, shape: str, max_length: int = MAX_LENGTH) -> None:
        model = Path(settings.MODEL)
        self.model = model if (model / "tokenizer.json").is_file() else settings.BUILTIN_MODEL
        self.name = settings.SERVED_MODEL if self.model == model else settings.BUILTIN_NAME
        self.shape, self.max_length = shape, max_length
        self.tokenizer = _tokenizer(self.model)

    def lengths(self, rows: Iterable[Values]) -> Iterator[Length]:
        for row in rows:
            try:
                yield self._length(row)
            except ValueError as error:
                yield Length(problem=str(error))

    def _length(self, row: Values) -> Length:
        from training.lessons import parse
        from training.transcripts import render_lesson

        seen = render_lesson(parse(row, self.shape), self.tokenizer)
        return Length(len(seen), int(seen.learned.sum()), max(0, len(seen) - self.max_length))

    def tokens(self, row: Values) -> dict[str, Any]:
        """{"tokens": [[text, learned 0 or 1], …], "length": n, "cut": bool}. Raises ValueError."""
        from training import look

        return next(iter(look.look([row], self.tokenizer, self.shape, max_length=self.max_length)))


@cache
def _tokenizer(model: Path) -> Any:
    from training import look

    return look.load(model)
