"""What kind of file somebody brought, and its records one by one; nothing of it is held in memory as a whole.

A record is what stands in one row, by field or column. Where a row cannot be read there is a Bad in its place; where
the file cannot, Unusable is raised.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from webapp.lib import textfiles
from webapp.lib.sentences import Sentence

LONGEST_LINE = 4_000_000  # characters
LOOKED_AT = 256 * 1024  # bytes at its beginning that tell what a file is
FOREIGN = {  # how other files begin
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
    b"BZh": "bzip2",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"SQLite format 3": "SQLite",
    b"ARROW1": "Arrow",
    b"\x80\x04\x95": "pickle",
}

Record = dict[str, Any]


class Unusable(Exception):
    """str() is a sentence that says what is wrong with the file."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Why this row cannot be used, as a sentence, and how it begins."""

    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """`line` of the file, or row where it has no lines, from 1; `read` of its bytes."""

    line: int
    record: Record | Bad
    read: int


def read(path: Path, name: str) -> Iterator[Item]:
    """The records of a file, whatever it is. Raises Unusable, at once or further on."""
    from webapp.datasets import columnar, jsonfiles, separated, sheets  # they read with what is here

    kind = kind_of(path, name)
    readers = {
        "jsonl": jsonfiles.lines,
        "json": jsonfiles.whole,
        "table": separated.rows,
        "parquet": columnar.rows,
        "xlsx": sheets.rows,
    }
    return readers[kind](path, name)


def kind_of(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unusable(Sentence("The file is empty: there is nothing to learn from."))
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unusable(
            Sentence("This is an old Excel file or one with a password. Save it as .xlsx without a password.")
        )
    for mark, kind in FOREIGN.items():
        if head.startswith(mark):
            raise Unusable(
                Sentence(
                    "This is a file of the kind %(kind)s. Bring JSONL, JSON, CSV, TSV, Parquet or XLSX.", kind=kind
                )
            )
    return _text_kind(head, name)


def _text_kind(head: bytes, name: str) -> str:
    """Raises Unusable for what is no text, and for a suffix that promises something else."""
    suffix = Path(name).suffix.lower()
    text = _sample(head)
    if suffix in (".parquet", ".xlsx"):
        raise Unusable(
            Sentence("The name ends with %(suffix)s, but this is no such file: it may be damaged.", suffix=suffix)
        )
    if text is None:
        raise Unusable(
            Sentence("This is no text file in an encoding that we know. Save it as UTF-8 and bring it again.")
        )
    first = text.lstrip("\ufeff \t\r\n")
    if suffix in (".jsonl", ".ndjson"):
        return "json" if first.startswith("[") and _is_pretty(first) else "jsonl"
    if suffix in (".csv", ".tsv", ".tab"):
        return "table"
    if first.startswith("["):
        return "json"
    if first.startswith("{"):
        return "jsonl" if (_is_object(first.splitlines()[0]) and suffix != ".json") or _has_objects(first) else "json"
    return "table"


def _is_pretty(text: str) -> bool:
    """An array over several lines, under the name of a file of lines."""
    return not _is_json(text.splitlines()[0])


def _has_objects(text: str) -> bool:
    """Whether its first two lines are objects each."""
    lines = text.splitlines()[:2]
    return len(lines) == 2 and all(map(_is_object, lines))


def _is_object(line: str) -> bool:
    return line.startswith("{") and _is_json(line)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def encoding_of(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    for mark, encoding in textfiles.MARKS:
        if head.startswith(mark):
            return encoding
    if head.count(0) > len(head) // 8:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    if _decodes(head):
        return "utf-8"
    from charset_normalizer import from_bytes  # here: only older files need it

    found = from_bytes(head, cp_isolation=textfiles.ENCODINGS, threshold=0.6).best()
    return found.encoding if found else "utf-8"


def _decodes(head: bytes, encoding: str = "utf-8") -> bool:
    """Whether nearly all of it is UTF-8: a bad byte in a line is that line's trouble, not the file's."""
    text = head.decode(encoding, errors="replace")
    return text.count("\ufffd") * 200 <= len(text)


def _sample(head: bytes) -> str | None:
    for mark, encoding in textfiles.MARKS:
        if head.startswith(mark):
            text = head.decode(encoding, errors="replace")
            return None if text.count("\ufffd") * 20 > len(text) else text
    text = head.decode("utf-8", errors="replace")
    controls = len(textfiles.CONTROL.findall(text))
    if _decodes(head) and controls * 20 <= len(text):
        return text
    return textfiles.decoded(head) or textfiles.decoded(head[:-1])  # a character may be cut in two at the end


def open_text(path: Path, *, newline: str | None = None) -> tuple[TextIO, BinaryIO]:
    """The file as text, whatever its encoding, and as bytes, to tell how far it was read. Bytes that are no text come
    as surrogates (PEP 383), which `flaw` finds."""
    encoding = encoding_of(path)
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    raw = path.open("rb")
    return io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline=newline), raw


def text_lines(text: TextIO) -> Iterator[str | Bad]:
    """Lines with their ends. One that is too long is not read, but counted."""
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE or line.endswith("\n"):
            yield line
            continue
        while rest := text.readline(LONGEST_LINE):
            if rest.endswith("\n"):
                break
        yield Bad(Sentence("The line is longer than 4 million characters: divide it."), line[:80])


def type_of(value: Any) -> Sentence:
    """As Python calls it."""
    return Sentence(type(value).__name__)


def flaw(text: str) -> str:
    """Why a text cannot be kept; "" where it can."""
    if "\x00" in text:
        return Sentence("It holds a NUL character, which is no text.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return Sentence("It holds bytes that are no text in the file's encoding. Save the file as UTF-8.")
    return ""
