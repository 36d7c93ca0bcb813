"""Documents -> rows of a few fixed lengths -> batches. The order is a function of lengths, seed, stage and epoch alone,
so a resumed run goes on exactly.

Documents are packed into rows, several to a row; each sees itself only (the mask is made in training/model.py) and
counts its positions from 0. Rows of one batch have one length: a compiled model sees few shapes, and attention, which
costs the square of the row, is paid at the length that documents need. Documents go into the shortest row that holds
them.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendering import IGNORE, Rendered

Ids = NDArray[np.int64]
Row = list[int]
"""Indices of the documents of a row."""
Planned = tuple[int, list[Row]]
"""A batch before it is made: the length of its rows, and the rows."""

WINDOW = 2000
"""Documents that are fitted into rows together: more fill rows better, and mix lengths less."""


@dataclass(frozen=True, slots=True)
class Batch:
    """input_ids, positions, documents (0 is padding) and targets, int64, and weights, float32, all [rows, tokens].

    targets are what the model should write next, IGNORE where weights are 0.
    """

    input_ids: Ids
    positions: Ids
    documents: Ids
    targets: Ids
    weights: NDArray[np.float32]
    tokens: int


def epoch_batches(
    groups: Sequence[Sequence[int] | Ids],
    repeats: Sequence[float],
    *,
    row_tokens: Sequence[int],
    batch_tokens: int,
    seed: Sequence[int],
) -> list[Planned]:
    """Every batch of an epoch; the last ones of a row length may have fewer rows.

    groups: the length in tokens of each document, one list a source; indices count through all sources.
    repeats: how often the epoch sees each source; a fraction is drawn anew every epoch.
    """
    rng = np.random.default_rng(list(seed))
    lengths = np.concatenate([np.asarray(group, dtype=np.int64) for group in groups]) - 1
    order = rng.permutation(_draw([len(group) for group in groups], repeats, rng))
    kinds = np.searchsorted(np.asarray(row_tokens), lengths[order])
    batches: list[Planned] = []
    for kind, width in enumerate(row_tokens):
        rows = pack(order[kinds == kind], lengths, width)
        rows = [rows[i] for i in rng.permutation(len(rows))]
        size = max(1, batch_tokens // width)
        batches += [(width, rows[i : i + size]) for i in range(0, len(rows), size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _draw(counts: Sequence[int], repeats: Sequence[float], rng: np.random.Generator) -> Ids:
    drawn, first = [], 0
    for count, repeat in zip(counts, repeats, strict=True):
        indices = np.arange(first, first + count)
        drawn += [indices] * int(repeat) + [rng.permutation(indices)[: round(count * (repeat % 1))]]
        first += count
    return np.concatenate(drawn)


def pack(order: Ids, lengths: Ids, width: int) -> list[Row]:
    """Best fit, longest first, within windows of ORDER."""
    rows: list[Row] = []
    for start in range(0, len(order), WINDOW):
        window = order[start : start + WINDOW]
        free: list[tuple[int, int]] = []  # (tokens left, row), ascending
        for document in window[np.argsort(-lengths[window], kind="stable")].tolist():
            need = int(lengths[document])
            place = bisect_left(free, (need, -1))
            if place < len(free):
                left, row = free.pop(place)
            else:
                left, row = width, len(rows)
                rows.append([])
            rows[row].append(document)
            insort(free, (left - need, row))
    return rows


def _one(document: int) -> float:
    return 1.0


def collate(
    documents: Sequence[Rendered],
    rows: Sequence[Row],
    *,
    shape: tuple[int, int],
    prompt_weight: float,
    reply_weight: Callable[[int], float] = _one,
) -> Batch:
    """The batch of ROWS (indices into DOCUMENTS), [rows, tokens] as SHAPE says; rows that are missing are padding.

    reply_weight: of the learned tokens of the document at an index, in the loss; the other tokens have prompt_weight.
    """
    ids, positions, owners = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    targets = np.full(shape, IGNORE, dtype=np.int64)
    weights = np.zeros(shape, dtype=np.float32)
    for i, row in enumerate(rows):
        start = 0
        for number, place in enumerate(row, start=1):
            document = documents[place]
            end = start + len(document) - 1
            weight = np.where(document.learned[1:], np.float32(reply_weight(place)), np.float32(prompt_weight))
            ids[i, start:end] = document.input_ids[:-1]
            positions[i, start:end] = np.arange(end - start)
            owners[i, start:end] = number
            targets[i, start:end] = np.where(weight > 0, document.input_ids[1:], IGNORE)
            weights[i, start:end] = weight
            start = end
    return Batch(ids, positions, owners, targets, weights, int((owners > 0).sum()))


def batch_shape(width: int, batch_tokens: int) -> tuple[int, int]:
    return max(1, batch_tokens // width), width
