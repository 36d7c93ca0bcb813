"""How long a trainer's steps take, seen from its data: for measurements (training/bench.py)."""

import time
from collections.abc import Callable, Iterator
from typing import Any


class Stopwatch:
    """A collator that notes when it is asked for a batch: Trainer asks once a step."""

    def __init__(self, collator: Callable[[Any], Any]) -> None:
        self._collator = collator
        self._asked: list[tuple[int, float]] = []

    def __call__(self, rows: list[dict[str, list[int]]]) -> Any:
        self._asked.append((sum(len(row["input_ids"]) - 1 for row in rows), time.perf_counter()))
        return self._collator(rows)

    def steps(self) -> Iterator[tuple[int, float]]:
        """(tokens, seconds) from each batch asked for to the next, without the first step, which makes the optimizer's
        state. Trainer asks one batch ahead: what passes between two questions is the step with the batch before."""
        times = zip(self._asked[1:], self._asked[2:], self._asked[3:], strict=False)
        yield from ((first[0], after[1] - second[1]) for first, second, after in times)
