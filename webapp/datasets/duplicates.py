"""Rows that say the same: exactly, but for case and white space, or nearly.

Nearly is a Jaccard similarity of nine in ten of their pieces of five characters, as MinHash estimates it (Broder, 1997,
"On the resemblance and containment of documents"), found by locality-sensitive hashing (rensa).
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from webapp.datasets.lessons import Values, texts

PIECE, ALIKE = 5, 0.9
HASHES, BANDS = 64, 8
LOOKED_AT = 20_000  # characters of a row
MOST = 300_000  # rows that are compared for likeness: each takes a kilobyte


def plain(values: Values) -> str:
    words = " ".join(" ".join(texts(values)).split()).casefold()
    return f"{words} {values['label']}" if "label" in values else words


def digest(values: Values) -> bytes:
    return hashlib.sha256(plain(values).encode()).digest()[:16]


class Finder:
    """Tells of each row which earlier one it repeats, and which it is like."""

    def __init__(self, most: int = MOST) -> None:
        import rensa  # here: the pages do without it

        self.most, self.sketch = most, rensa.RMinHash
        self.same: dict[bytes, int] = {}
        self.sketches: dict[int, Any] = {}
        self.uncompared = 0  # rows that were too many to look for others like them
        self.index = rensa.RMinHashLSH(threshold=ALIKE, num_perm=HASHES, num_bands=BANDS)

    def add(self, number: int, values: Values) -> tuple[int, list[int]]:
        """The number of the row that says exactly this, or 0; else those of rows nearly like it, which come before."""
        text = plain(values)
        key = hashlib.sha256(text.encode()).digest()[:16]
        if key in self.same:
            return self.same[key], []
        self.same[key] = number
        if len(self.sketches) == self.most:
            self.uncompared += 1
            return 0, []
        return 0, self._alike(number, text[:LOOKED_AT])

    def _alike(self, number: int, text: str) -> list[int]:
        sketch = self.sketch(num_perm=HASHES, seed=1)
        sketch.update(list({text[at : at + PIECE] for at in range(max(1, len(text) - PIECE + 1))}))
        found = [other for other in self.index.query(sketch) if self.sketches[other].jaccard(sketch) >= ALIKE]
        self.sketches[number] = sketch
        self.index.insert(number, sketch)
        return sorted(found)


class Groups:
    """Rows that belong together, by union and find (Tarjan, 1975)."""

    def __init__(self) -> None:
        self.above: dict[int, int] = {}

    def head(self, number: int) -> int:
        """The group's least number."""
        while (above := self.above.setdefault(number, number)) != number:
            self.above[number] = self.above[above]
            number = above
        return number

    def join(self, number: int, others: Iterable[int]) -> None:
        for other in others:
            one, two = sorted((self.head(number), self.head(other)))
            self.above[two] = one
