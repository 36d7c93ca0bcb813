"""A text cut into the segments that are translated one by one, and everything between them, which is kept as it is.

Lines first: line breaks, blank lines, indents, bullets and numbers of lists belong to no segment. Then sentences: of
Chinese and Japanese by their full stops; of the others by sentencex (Wikimedia), which knows abbreviations. A sentence
that is too long for one request is cut at its last comma or space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import sentencex

from webapp.lib.languages import UNSPACED

LONGEST_SEGMENT = 500  # characters; CJK characters count twice
LINE = re.compile(r"[^\r\n]+")
MARKER = re.compile(
    r"\s*(?:(?:[-*+•·▪◦–—>]|#{1,6}|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))(?=\s)|"
    r"\d{1,3}[、．]|[①-⑳]|[（(]?[一二三四五六七八九十]{1,3}[）)、])?\s*"
)
FULL_STOP = re.compile(r"(?:[。！？!?]|…{1,2}(?=\S))+[”’」』）)\]\"']*")
COMMA = re.compile(r"[,，;；:：、،]\s*|\s+")
LETTER = re.compile(r"[^\W\d_]")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
WIDE = re.compile(r"[\u1100-\u11ff\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment: text[start:end] of the whole."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def cut(text: str, language: str) -> list[Piece]:
    """The segments in their order; what lies between them needs no translation. `language` is a BCP-47 code or ""."""
    return [
        piece
        for line in LINE.finditer(text)
        for piece in _sentences(line.group(), line.start(), language)
        if LETTER.search(ADDRESS.sub("", piece.text))
    ]


def gap(before: str, target: str) -> str:
    """What stands between two translated segments where `before` stood between their sources: within a line what the
    target language has there, everything else as it was."""
    if before.strip(" \u3000\t"):
        return before
    return "" if target in UNSPACED else " "


def key(text: str, *, source: str, target: str, model: str) -> str:
    """The same for the same work: a segment that a conversation has seen before is not translated again."""
    return blake2b("\0".join((source, target, model, text)).encode(), digest_size=16).hexdigest()


def _sentences(line: str, offset: int, language: str) -> Iterator[Piece]:
    marker = MARKER.match(line)
    start = marker.end() if marker else 0
    for sentence in _split(line[start:], language):
        yield from _pieces(sentence, offset + start)
        start += len(sentence)


def _split(line: str, language: str) -> list[str]:
    """Joined they are the line again."""
    if language not in UNSPACED:
        return list(sentencex.segment(language or "en", line))
    ends = [0, *(stop.end() for stop in FULL_STOP.finditer(line)), len(line)]
    return [line[a:b] for a, b in pairwise(ends) if a < b]


def _pieces(sentence: str, start: int) -> Iterator[Piece]:
    """The sentence without the white space around it, in parts where it is too long."""
    while sentence:
        part = sentence[: _fitting(sentence)]
        if stripped := part.strip():
            yield Piece(start + part.index(stripped[0]), stripped)
        start, sentence = start + len(part), sentence[len(part) :]


def _fitting(sentence: str) -> int:
    """How many of its first characters make a part."""
    room = LONGEST_SEGMENT // 2 if WIDE.search(sentence) else LONGEST_SEGMENT
    if len(sentence) <= room:
        return len(sentence)
    return max((comma.end() for comma in COMMA.finditer(sentence, room // 2, room)), default=room)
