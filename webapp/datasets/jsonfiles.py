"""JSON files: an object a line (JSON Lines), or one array of objects, which may be the value of a field."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import ijson

from webapp.datasets.files import Bad, Item, Record, Unusable, flaw, open_text, text_lines, type_of
from webapp.lib.sentences import Sentence

LARGEST_OBJECT = 16_000_000  # bytes of one element of an array
CHUNK = 64 * 1024


class _Doubled(ValueError):
    """A name that stands twice in one object."""


def lines(path: Path, name: str) -> Iterator[Item]:
    text, raw = open_text(path)
    with text:
        for number, line in enumerate(text_lines(text), start=1):
            if isinstance(line, Bad):
                yield Item(number, line, raw.tell())
            elif line.strip():
                yield Item(number, parse(line), raw.tell())


def parse(line: str) -> Record | Bad:
    """What stands in a line, or why nothing can be made of it."""
    begin = line.strip()[:120]
    if reason := flaw(line):
        return Bad(reason, _plain(begin))
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=_refuse)
    except _Doubled as error:
        return Bad(Sentence("The field “%(field)s” stands in it twice.", field=error), begin)
    except json.JSONDecodeError as error:
        return Bad(
            Sentence("This is no JSON: %(reason)s at character %(at)s.", reason=Sentence(error.msg), at=error.pos + 1),
            begin,
        )
    except (ValueError, RecursionError) as error:
        reason = Sentence("nested too deep") if isinstance(error, RecursionError) else str(error)
        return Bad(Sentence("This is no JSON that we can read: %(reason)s.", reason=reason), begin)
    return _record(found, begin)


def whole(path: Path, name: str) -> Iterator[Item]:
    """Element after element (ijson). Where the file breaks off, what came before is kept and the place is told."""
    prefix = _place(path)
    text, raw = open_text(path)
    with text:
        feed, number = _Feed(text), 0
        items = ijson.items(feed, prefix, use_float=True)
        while True:
            try:
                found = next(items)
            except StopIteration:
                return
            except _TooLarge:
                yield Item(
                    number + 1, Bad(Sentence("This element is too large, and what follows was not read.")), raw.tell()
                )
                return
            except (ijson.JSONError, UnicodeError, ValueError) as error:
                said = Sentence(
                    "From here on the file is no JSON: %(reason)s. What follows was not read.", reason=_reason(error)
                )
                yield Item(number + 1, Bad(said), raw.tell())
                return
            number, feed.since = number + 1, 0
            yield Item(number, _record(found, str(found)[:120]), raw.tell())


def _record(found: Any, begin: str) -> Record | Bad:
    if not isinstance(found, dict):
        return Bad(Sentence("Expected an object with fields, found %(kind)s.", kind=type_of(found)), begin)
    if reason := flaw(json.dumps(found, ensure_ascii=False, default=str)):
        return Bad(reason, _plain(begin))
    if "\\u0000" in json.dumps(found, default=str):
        return Bad(Sentence("It holds a NUL character, which is no text."), _plain(begin))
    return found


def _place(path: Path) -> str:
    """Where the objects are, as ijson calls it: "item" for an array of them, "data.item" where a field holds it."""
    text, _raw = open_text(path)
    with text:
        try:
            for prefix, event, _value in ijson.parse(_Feed(text)):
                if event == "start_array":
                    return f"{prefix}.item".lstrip(".")
        except (ijson.JSONError, UnicodeError, _TooLarge) as error:
            raise Unusable(Sentence("This is no JSON: %(reason)s.", reason=_reason(error))) from error
    raise Unusable(
        Sentence("There is no list in this JSON file. Bring an array of objects, or an object a line (.jsonl).")
    )


def _reason(error: Exception) -> Sentence:
    """Its first line: below it ijson draws an arrow into the text, which it gives as bytes where it is no UTF-8."""
    words = error.args[0] if error.args else ""
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(error)
    return Sentence(text.splitlines()[0])


class _TooLarge(Exception):
    pass


class _Feed:
    """The text as UTF-8, for ijson; stops where one element does not end."""

    def __init__(self, text: TextIO) -> None:
        self.text, self.since = text, 0

    def read(self, size: int = CHUNK) -> bytes:
        data = self.text.read(CHUNK if size < 0 else size).encode("utf-8", "surrogateescape") if size else b""
        self.since += len(data)
        if self.since > LARGEST_OBJECT:
            raise _TooLarge
        return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        raise _Doubled(next(name for name in names if names.count(name) > 1))
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "␀")
