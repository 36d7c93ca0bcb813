"""A passage as sentences, in Latin and in Chinese or Japanese punctuation, and what they are compared by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.lib.words import HAN, normalized

KANA = r"\u3040-\u30ff"
ENDS = re.compile(
    r"[。！？…]+[”’」』）】]*"  # nothing need follow
    r"|(?<![A-Z])(?<!\b[A-Z][a-z])(?<!\b[A-Z]s)[.!?]+[\"'”’)\]]*(?=\s+[^a-z\s])"  # "J. S. Bach", "Dr. No" go on
    r"|\n+"
)
LONGEST = 600  # characters: a text without full stops is cut all the same
PIECES = re.compile(rf"([{HAN}{KANA}]+)|((?:(?![{HAN}{KANA}])[^\W_])+)")
STEM = 5  # characters of a longer word by which its forms are known: "investigat-ed", "investigat-ion"


@dataclass(frozen=True, slots=True)
class Sentence:
    """text[start:end] of the passage, white space around it apart."""

    number: int
    start: int
    end: int


def split(text: str) -> list[Sentence]:
    return [Sentence(number, start, end) for number, (start, end) in enumerate(_spans(text))]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in [*(found.end() for found in ENDS.finditer(text)), len(text)]:
        while end - start > LONGEST:
            cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST
            yield from _stripped(text, start, cut)
            start = cut
        yield from _stripped(text, start, end)
        start = end


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def features(text: str) -> set[str]:
    """Words, by their beginnings, and pairs of neighbours; of Chinese and Japanese characters and pairs of them."""
    found: set[str] = set()
    before = ""
    for piece in PIECES.finditer(normalized(text)):
        run, word = piece.groups()
        if word:
            stem = word[: max(STEM, len(word) - 3)]
            found |= {stem, f"{before} {stem}"} if before else {stem}
            before = stem
        else:
            found |= {*run, *(run[at : at + 2] for at in range(len(run) - 1))}
            before = ""
    return found
