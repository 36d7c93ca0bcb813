"""Which rows go through the model together, in a whole run. A function of lengths, seed and sizes alone, so that a
resumed run goes on exactly."""

from collections.abc import Sequence

import numpy as np

WINDOW = 16
"""Batches whose rows are sorted by length: more means less padding, and more batches of one kind in a row."""


def plan(
    lengths: Sequence[int], *, epochs: float, batch: int, steps: int | None = None, seed: int = 0, alike: bool = True
) -> list[int]:
    """Row numbers, BATCH after BATCH, each epoch in an order of its own; ALIKE puts rows of like length together.

    batch: rows of a step. As many whole batches as EPOCHS or STEPS say, one at least; the last one is filled up with
    rows of a further epoch.
    """
    rng = np.random.default_rng(seed)
    count = steps or max(1, -(-round(len(lengths) * epochs) // batch))
    order = np.concatenate([rng.permutation(len(lengths)) for _ in range(-(-count * batch // len(lengths)))])
    order = order[: count * batch]
    if not alike:
        return [int(row) for row in order]
    known = np.asarray(lengths)
    windows = [order[start : start + WINDOW * batch] for start in range(0, len(order), WINDOW * batch)]
    return [int(row) for window in windows for row in _alike(window, known, batch, rng)]


def _alike(rows: np.ndarray, lengths: np.ndarray, batch: int, rng: np.random.Generator) -> np.ndarray:
    sorted_rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(-1, batch)
    return np.concatenate([sorted_rows[i] for i in rng.permutation(len(sorted_rows))])
