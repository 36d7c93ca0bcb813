"""XLSX workbooks: the first sheet with anything in it, row by row (openpyxl, read-only; XML by way of defusedxml).

A workbook is a ZIP archive, which may unpack to far more than it is: what its parts say of their size, which zipfile
holds them to, is looked at first.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapp.datasets.files import LONGEST_LINE, Bad, Item, Record, Unusable
from webapp.datasets.separated import named
from webapp.datasets.separated import record as cells_record
from webapp.lib.sentences import Sentence

LARGEST_SHEET = 4 * 1024**3  # bytes, unpacked; a sheet is read as a stream
LARGEST_PART = 128 * 1024**2  # bytes of every other part: they are read whole
MOST_ROWS = 1_048_576  # that a sheet has by its format
PACKED = 400  # times smaller than unpacked: no text that people wrote packs better


def rows(path: Path, name: str) -> Iterator[Item]:
    _check(path)
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
            yield from _sheet(book, path.stat().st_size)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, OSError) as error:
        raise Unusable(
            Sentence("The workbook is damaged and cannot be read. Save it anew and bring it again.")
        ) from error


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unusable(Sentence("The workbook is damaged or cut off. Save it anew and bring it again.")) from error
    if not any(part.filename.startswith("xl/") for part in parts):
        raise Unusable(Sentence("This is a ZIP archive and no workbook. Unpack it, and bring the files one by one."))
    if any(part.flag_bits & 1 for part in parts):
        raise Unusable(Sentence("The workbook has a password. Save it without one."))
    for part in parts:
        sheet = part.filename.startswith("xl/worksheets/")
        bomb = part.file_size > 10 * 1024**2 and part.file_size > PACKED * max(1, part.compress_size)
        if bomb or part.file_size > (LARGEST_SHEET if sheet else LARGEST_PART):
            raise Unusable(
                Sentence(
                    "The workbook unpacks to far more than it is (%(size)s MB in one part): it was not opened.",
                    size=part.file_size // 1024**2,
                )
            )


def _sheet(book: Any, size: int) -> Iterator[Item]:
    columns: list[str] | None = None
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > MOST_ROWS:
                raise Unusable(Sentence("The sheet says that it has more rows than a sheet can have."))
            if not any(str(cell.value or "").strip() for cell in cells):
                continue
            if columns is None:
                columns = named([_text(cell) for cell in cells])
                if problem := _formula(cells):
                    raise Unusable(problem.reason)
            else:
                yield Item(number, _record(columns, cells), min(size, number * size // max(number, 5000)))
        if columns is not None:
            return
    raise Unusable(Sentence("The workbook is empty: there is nothing to learn from."))


def _record(columns: list[str], cells: Any) -> Record | Bad:
    if problem := _formula(cells):
        return problem
    texts = [_text(cell) for cell in cells]
    if any(len(text) > LONGEST_LINE for text in texts):
        return Bad(Sentence("A cell is too long."), texts[0][:80])
    return cells_record(columns, texts)


def _formula(cells: Any) -> Bad | None:
    """A formula is not what it amounts to, and an error is no text."""
    for cell in cells:
        if cell.data_type == "f":
            said = Sentence(
                "Cell %(cell)s holds a formula. Put its value in its place (copy, paste as values).",
                cell=cell.coordinate,
            )
            return Bad(said, str(cell.value)[:80])
        if cell.data_type == "e":
            said = Sentence("Cell %(cell)s holds an error (%(error)s).", cell=cell.coordinate, error=cell.value)
            return Bad(said, str(cell.value)[:80])
    return None


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
