"""A document's text and its pieces: pure functions on plain strings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.lib import markdown

IDEOGRAPH = r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]"  # each counts as a word, as in word processors
WORD = re.compile(rf"{IDEOGRAPH}|(?:(?!{IDEOGRAPH})\w)+(?:['’.-](?:(?!{IDEOGRAPH})\w)+)*")
SENTENCE_END = re.compile(r"[.!?…。！？:：;；\"”’»」』)）\]}`*_|>-]\s*$|\n\s*$")
WIDE_END = re.compile(rf"(?:{IDEOGRAPH}|[，、])$")
HEADING = re.compile(r"^ {0,3}#{1,6}\s.*$")
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


def count_words(text: str) -> int:
    return len(WORD.findall(text))


def in_code(text: str) -> bool:
    """Whether it ends inside fenced code."""
    return len(FENCE.findall(text)) % 2 == 1


def begins_block(before: str) -> bool:
    """Whether what comes after this text begins a paragraph of its own: a sentence, a heading or a block has ended."""
    if in_code(before):
        return False
    return bool(SENTENCE_END.search(before) or HEADING.match(before.rsplit("\n", 1)[-1]))


def joint(before: str) -> str:
    """What stands between a text and its continuation: the line that parts two paragraphs, or a space where one goes
    on; nothing in Chinese and Japanese, and a new line in code."""
    if not before.strip():
        return ""
    if begins_block(before):
        return "\n" * max(0, 2 - (len(before) - len(before.rstrip("\n"))))
    if in_code(before):
        return "\n" * (not before.endswith("\n"))
    return "" if WIDE_END.search(before) or before[-1].isspace() else " "


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a text a reply belongs: before + selected + after is the text that it changes."""

    before: str = ""
    selected: str = ""
    after: str = ""

    @property
    def base(self) -> str:
        return self.before + self.selected + self.after

    @property
    def continues(self) -> bool:
        return bool(self.before) and not self.selected

    def put(self, reply: str) -> str:
        """The whole text with that reply in place; as it was while the reply is empty."""
        return self.before + self.put_alone(reply) + self.after

    def put_alone(self, reply: str) -> str:
        """What takes the place of `selected`."""
        piece = reply.strip()
        if not piece:
            return self.selected
        if in_code(self.before):
            piece = _without_fences(piece, closing=bool(self.selected))
        return joint(self.before) + piece if self.continues else piece

    def begin(self, reply: str) -> str:
        """As put_alone, of a reply that goes on: what comes later is added at the end of this."""
        piece = reply.lstrip()
        return joint(self.before) + piece if piece and self.continues else piece


def _without_fences(piece: str, *, closing: bool) -> str:
    """Code as it belongs into code that is fenced already."""
    lines = piece.split("\n")
    if FENCE.match(lines[0]):
        lines = lines[1:-1] if closing and FENCE.match(lines[-1]) else lines[1:]
    return "\n".join(lines)


Kind = Literal["block", "live", "rest"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What the page shows one below the other: a block of Markdown; the reply that is being written (its source is
    its message's id); the rest of the paragraph that it is being written into, as plain text."""

    kind: Kind
    source: str


def blocks(text: str) -> list[Piece]:
    return [Piece("block", block.source.rstrip(markdown.BLANK)) for block in markdown.blocks(text)]


@dataclass(frozen=True, slots=True)
class Scene:
    """A text while a reply is being written into it. `head` stands in the growing block before the reply."""

    above: list[Piece]
    head: str
    rest: str
    below: list[Piece]

    def pieces(self, reply_id: int) -> list[Piece]:
        rest = [Piece("rest", self.rest)] if self.rest.strip() else []
        return [*self.above, Piece("live", str(reply_id)), *rest, *self.below]


def scene(place: Place) -> Scene:
    """Whole blocks of the text stay as they are; those that the place touches become head and rest."""
    start, end = len(place.before), len(place.before) + len(place.selected)
    found = markdown.blocks(place.base)
    if place.continues and begins_block(place.before):
        return Scene(blocks(place.base), "", "", [])
    ends = [*(block.start for block in found[1:]), len(place.base)] if found else []
    above = sum(stop <= start for stop in ends)
    below = sum(block.start >= end for block in found) if place.selected or place.after else 0
    if place.continues and above == len(found):
        above -= 1  # the last block goes on
    touched = found[above : len(found) - below]
    first = touched[0].start if touched else start
    last = found[-below].start if below else len(place.base)
    made = [Piece("block", block.source.rstrip(markdown.BLANK)) for block in found]
    return Scene(made[:above], place.base[first:start], place.base[end:last], made[len(found) - below :])


@dataclass(frozen=True, slots=True)
class Splice:
    """From piece number `start`, `remove` pieces go and `pieces` come."""

    start: int
    remove: int
    pieces: list[Piece]


def splice(shown: Sequence[Piece], wanted: Sequence[Piece]) -> Splice | None:
    """The one change that makes what is shown what is wanted; None when it is."""
    if list(shown) == list(wanted):
        return None
    start, most = 0, min(len(shown), len(wanted))
    while start < most and shown[start] == wanted[start]:
        start += 1
    same_end = 0
    while same_end < most - start and shown[-1 - same_end] == wanted[-1 - same_end]:
        same_end += 1
    return Splice(start, len(shown) - start - same_end, list(wanted[start : len(wanted) - same_end]))
