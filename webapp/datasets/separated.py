"""CSV and its relatives (RFC 4180): the first line names the columns."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from webapp.datasets.files import LONGEST_LINE, Bad, Item, Record, Unusable, flaw, open_text, text_lines
from webapp.lib.counts import Count
from webapp.lib.sentences import Sentence

SEPARATORS = ",\t;|"
MOST_COLUMNS = 500


def rows(path: Path, name: str) -> Iterator[Item]:
    csv.field_size_limit(LONGEST_LINE)
    separator = _separator(path, name)
    text, raw = open_text(path, newline="")
    with text:
        feed = _Feed(text_lines(text))
        reader = csv.reader(feed, delimiter=separator, strict=True)
        columns: list[str] | None = None
        while True:
            begun = feed.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Item(begun, Bad(_explained(error)), raw.tell())
                continue
            if feed.bad:
                found, feed.bad = feed.bad, None
                yield Item(begun, found, raw.tell())
            elif any(cell.strip() for cell in cells):
                if columns is None:
                    columns = named(cells)
                else:
                    yield Item(begun, record(columns, cells), raw.tell())


class _Feed:
    """Lines for the reader; one that is too long leaves `bad` and comes as a blank one."""

    def __init__(self, lines: Iterator[str | Bad]) -> None:
        self.lines, self.number = lines, 0
        self.bad: Bad | None = None

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.number += 1
        if isinstance(line, Bad):
            self.bad, line = line, "\n"
        return line


def named(cells: list[str]) -> list[str]:
    """The columns' names. Raises Unusable for a name that stands there twice, and for too many."""
    names = [cell.strip().lstrip("\ufeff") for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise Unusable(
            Sentence(
                "There are %(count)s columns; at most %(most)s.", count=Count(len(names)), most=Count(MOST_COLUMNS)
            )
        )
    if not all(names):
        place = names.index("") + 1
        raise Unusable(Sentence("Column %(place)s has no name: the first line must name every column.", place=place))
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise Unusable(Sentence("Two columns are called “%(name)s”. Rename one of them.", name=doubled[0][:80]))
    if reason := next(filter(None, map(flaw, names)), ""):
        raise Unusable(reason)
    return names


def record(columns: list[str], cells: list[str]) -> Record | Bad:
    begin = " ".join(cells)[:120].encode("utf-8", "replace").decode().replace("\x00", "␀")
    if any(cell.strip() for cell in cells[len(columns) :]):
        said = Sentence(
            "It has %(count)s cells; the first line names %(columns)s columns.",
            count=Count(len(cells)),
            columns=Count(len(columns)),
        )
        return Bad(said, begin)
    if reason := next(filter(None, map(flaw, cells)), ""):
        return Bad(reason, begin)
    return dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=False))


def _separator(path: Path, name: str) -> str:
    """What stands oftenest in the first line; a tab where the name says so."""
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    text, _raw = open_text(path, newline="")
    with text:
        lines = (line for line in islice(text_lines(text), 20) if isinstance(line, str) and line.strip())
        first = next(lines, "")
    return max(SEPARATORS, key=first.count)


def _explained(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return Sentence("A cell is longer than 4 million characters. Is a quotation mark opened and never closed?")
    if "unexpected end" in said:
        return Sentence("A quotation mark is opened here and never closed.")
    if "expected after" in said:
        return Sentence("Text follows a closing quotation mark. Write quotation marks within a cell twice.")
    if "NUL" in said:
        return Sentence("It holds a NUL character, which is no text.")
    return Sentence("The line cannot be read as CSV: %(reason)s.", reason=said)
