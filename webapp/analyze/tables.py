"""Texts as people give them, lines or a table, as rows of cells; and the table as it goes out again."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

MOST_ROWS, MOST_COLUMNS = 5000, 100
LOOKED_AT = 20  # rows that tell what a column holds
SEPARATORS = ",\t;|"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet begins a formula


class TooMany(Exception):
    """Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` is empty for plain lines; `column` None where people have to say which one holds the texts."""

    rows: list[list[str]]
    columns: list[str]
    column: int | None


def lines(text: str) -> Table:
    return Table(_checked([[line.strip()] for line in text.splitlines() if line.strip()]), [], 0)


def whole(text: str) -> Table:
    return Table([[text.strip()]], [], 0)


def table(text: str) -> Table:
    """Of a CSV text, whatever separates its columns. A first line that looks like names names them. One column needs
    no choosing."""
    found = [row for row in csv.reader(io.StringIO(text), _dialect(text)) if any(cell.strip() for cell in row)]
    width = min(max(map(len, found), default=0), MOST_COLUMNS)
    rows = [[cell.replace("\x00", "") for cell in (row + [""] * width)[:width]] for row in found]
    named = has_names(rows)
    columns = rows.pop(0) if named else [_("Column %(number)d") % {"number": n + 1} for n in range(width)]
    return Table(_checked(rows), columns, 0 if width == 1 else None)


def has_names(rows: list[list[str]]) -> bool:
    """Whether the first line names the columns: short, all different, none blank, no number, and not long where the
    lines below are."""
    if len(rows) < 2:
        return False
    first, below = rows[0], rows[1 : LOOKED_AT + 1]
    plain = [cell.strip() for cell in first]
    if not all(plain) or len(set(plain)) < len(plain) or any(is_number(cell) for cell in plain):
        return False
    longest = max(len(cell) for row in below for cell in row)
    numbers_below = any(is_number(row[at]) for row in below for at in range(len(first)))
    return max(map(len, plain)) <= 40 and (numbers_below or longest > 1.5 * max(map(len, plain)))


def likeliest(rows: list[list[str]]) -> int:
    """The column with the longest texts."""
    looked_at = rows[:LOOKED_AT]
    sizes = [sum(len(row[at]) for row in looked_at) for at in range(len(rows[0]))] if rows else [0]
    return sizes.index(max(sizes))


def is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def write(rows: Iterable[list[str]]) -> bytes:
    """A CSV file (RFC 4180) that spreadsheets open as it is: with a byte-order mark, and with no cell that they would
    take for a formula (OWASP, "CSV Injection")."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) and not is_number(cell) else cell


def _dialect(text: str) -> type[csv.Dialect]:
    """With the separator that the first line has most of, outside of quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(first.split('"')[::2])

    class Found(csv.excel):
        delimiter = max(SEPARATORS, key=bare.count)

    return Found


def _checked(rows: list[list[str]]) -> list[list[str]]:
    if len(rows) > MOST_ROWS:
        sentence = _("There are %(count)d lines; at most %(most)d are analyzed at once. Split them.")
        raise TooMany(sentence % {"count": len(rows), "most": MOST_ROWS})
    return rows
