"""Rows as the model will see them, by the eyes of a process of its own: `python -m training look`, as a person would
type it. A tokenizer brings libraries along that a worker should not hold for good."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from django.conf import settings

from webapp.datasets.lessons import Values
from webapp.lib.processes import die_with_parent

MAX_LENGTH = 512  # tokens, as the form of a run proposes it
LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192)


class Blind(Exception):
    """The process ended; str() is its reason."""


@dataclass(frozen=True, slots=True)
class Length:
    """`cut`: tokens that are more than fit. `problem`: why the model cannot be shown the row."""

    tokens: int = 0
    learned: int = 0
    cut: int = 0
    problem: str = ""


class Sight:
    """The eyes of the model in service, or of the built-in one where that is elsewhere; open as long as one is in its
    `with`. `whole`: they tell a row's tokens; otherwise how many there are."""

    def __init__(self, shape: str, max_length: int = MAX_LENGTH, *, whole: bool = False) -> None:
        model = Path(settings.MODEL)
        self.model = model if (model / "tokenizer.json").is_file() else settings.BUILTIN_MODEL
        self.name = settings.SERVED_MODEL if self.model == model else settings.BUILTIN_NAME
        self.max_length = max_length
        self._words = ["--shape", shape, "--max-length", str(max_length), *([] if whole else ["--lengths"])]

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "training", "look", "-", "--base", str(self.model), *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=settings.BASE_DIR,
            preexec_fn=die_with_parent,
        )
        return self

    def __exit__(self, *reason: object) -> None:
        self._process.kill()
        with suppress(BrokenPipeError), self._process, self._errors:
            pass

    def lengths(self, rows: Sequence[Values]) -> list[Length]:
        """Raises Blind."""
        return [_length(seen) for seen in self._ask(rows)]

    def tokens(self, rows: Sequence[Values]) -> list[dict[str, Any]]:
        """{"tokens": [[text, learned 0 or 1], …], "length": n, "cut": bool} of each, or {"problem": a sentence}. Raises
        Blind."""
        return self._ask(rows)

    def _ask(self, rows: Sequence[Values]) -> list[dict[str, Any]]:
        """One line there and one back, so that neither side waits for the other with a full pipe."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(rows).encode() + b"\n")
            self._process.stdin.flush()
            seen = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError) as error:
            raise Blind(self._last_line()) from error
        if isinstance(seen, dict):  # the event that says why it failed (training/progress.py)
            raise Blind(seen["reason"])
        return seen

    def _last_line(self) -> str:
        self._process.kill()  # where it lives, and said what is no JSON
        self._process.wait()
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]


def _length(seen: dict[str, Any]) -> Length:
    if "problem" in seen:
        return Length(problem=seen["problem"])
    return Length(seen["length"], seen["learned"], seen["cut"])
