"""From what somebody selected on the page to the piece of source that it was made of.

A point on the page is (block, offset): the number of the block, and how many visible characters of it, white space and
formulas not counted, stand before the point. HTML does not keep white space as the source has it.
"""

from dataclasses import dataclass
from typing import Any

import pyromark

from webapp.lib import markdown
from webapp.write.texts import Place

Point = tuple[int, int]
Span = tuple[int, int]
INLINE = ("Emphasis", "Strong", "Strikethrough", "Link", "Image")


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of a text: offsets into its source, or two points on the page (webapp.write.selection)."""

    span: tuple[int, int] | None = None
    points: tuple[Point, Point] | None = None

    def place(self, text: str) -> Place:
        """Raises ValueError where nothing is selected."""
        assert self.span or self.points
        start, end = span_of(text, *self.points) if self.points else tidy(text, self.span or (0, 0))
        return Place(text[:start], text[start:end], text[end:])

    @staticmethod
    def everything(text: str) -> Place:
        return Place("", text, "")


def span_of(text: str, start: Point, end: Point) -> Span:
    """text[span] is what was selected, without white space around it; marks that only half lie in it are taken whole.
    Raises ValueError where there is nothing."""
    blocks = markdown.blocks(text)
    if not 0 <= start[0] <= end[0] < len(blocks):
        raise ValueError("no such block")
    at = blocks[start[0]].start
    source = "".join(block.source for block in blocks[start[0] : end[0] + 1])
    counts = [len(_characters(block.source)) for block in blocks[start[0] : end[0]]]
    seen = _characters(source)
    selected = seen[max(0, start[1]) : sum(counts) + max(0, end[1])]
    if not selected:
        raise ValueError("nothing is selected")
    begin, finish = _whole_marks(source, selected[0][0], selected[-1][1])
    begin, finish = _whole_lines(source, begin, finish, seen)
    return tidy(text, (at + begin, at + finish))


def tidy(text: str, span: Span) -> Span:
    """Without white space at its ends. Raises ValueError where nothing else is in it."""
    start, end = span
    selected = text[start:end]
    if not (0 <= start < end <= len(text)) or not selected.strip():
        raise ValueError("nothing is selected")
    return start + len(selected) - len(selected.lstrip()), end - (len(selected) - len(selected.rstrip()))


def _characters(source: str) -> list[Span]:
    """Where each visible character of a block stands in its source."""
    at = _positions(source)
    found: list[Span] = []
    for event, where in pyromark.events_with_range(source, options=markdown.OPTIONS):
        if shown := _shown(event):
            start, end = at[where["start"]], at[where["end"]]
            inside = source.find(shown, start, end)  # code stands between backticks
            if "Text" in event and end - start != len(shown):
                inside = -1  # an entity: all of it makes the one sign
            exact = [(inside + number, inside + number + 1) for number in range(len(shown))]
            places = exact if inside >= 0 else [(start, end)] * len(shown)
            found += [place for place, character in zip(places, shown, strict=True) if not character.isspace()]
    return found


def _shown(event: Any) -> str:
    """The text of an event, where it is some that the page shows as it is."""
    name = "" if isinstance(event, str) else next(iter(event))
    return str(event[name]) if name in ("Text", "Code", "Html", "InlineHtml") else ""


def _positions(source: str) -> dict[int, int]:
    """Offset in bytes -> offset in characters."""
    found, size = {}, 0
    for number, character in enumerate(source):
        found[size] = number
        size += len(character.encode())
    return {**found, size: len(source)}


def _whole_marks(source: str, begin: int, finish: int) -> Span:
    """The span, grown until no emphasis, link or inline code lies half in it."""
    at = _positions(source)
    for event, where in pyromark.events_with_range(source, options=markdown.OPTIONS):
        start, end = at[where["start"]], at[where["end"]]
        if _is_inline(event) and start < begin < end <= finish:
            begin = start
        elif _is_inline(event) and begin <= start < finish < end:
            finish = end
    return begin, finish


def _is_inline(event: object) -> bool:
    if not isinstance(event, dict):
        return False
    started = event.get("Start", "")
    return "Code" in event or (started if isinstance(started, str) else next(iter(started))) in INLINE


def _whole_lines(text: str, begin: int, finish: int, seen: list[Span]) -> Span:
    """Of several lines, the first and the last with their marks ("- ", "> "), where all that one sees of them is in."""
    if "\n" not in text[begin:finish]:
        return begin, finish
    first = text.rfind("\n", 0, begin) + 1
    last = text.find("\n", finish) % (len(text) + 1)
    if not any(first <= start < begin for start, _ in seen):
        begin = first
    if not any(finish <= start < last for start, _ in seen):
        finish = last
    return begin, finish
