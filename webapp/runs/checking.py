"""What an uploaded file holds: its rows are checked one by one, and written as the training package reads them.

A .jsonl file has a row a line, of one of the kinds in training/data.py; which, its first row's fields tell. Any other
file is taken for plain text: a paragraph is a row, or a line where no line is blank.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data import PARSERS, read_rows
from training.errors import DataError
from webapp.lib.sentences import Sentence, said
from webapp.runs.models import Checked, Corpus

FIELDS = {  # the fields that tell a kind, the most telling first
    "chat": {"messages"},
    "qa": {"context", "question", "answers"},
    "translation": {"src", "tgt", "src_lang", "tgt_lang"},
    "sentiment": {"text", "label"},
    "text": {"text"},
}
HELD_OUT_EVERY, HELD_OUT_MOST = 20, 500  # rows to measure on, which a run never learns from
LONGEST_PARAGRAPH = 20_000  # characters

Row = Mapping[str, Any]


class Unusable(Exception):
    """str() is a sentence that says what is wrong with the file, and where."""


def check(corpus: Corpus) -> None:
    """Sets the corpus's status: ready, with its counts, or refused, with the reason. The upload goes either way."""
    try:
        _write(corpus)
        corpus.status = Checked.READY
    except (Unusable, DataError) as error:
        corpus.status, corpus.problem = Checked.REFUSED, said(error)
        corpus.path.unlink(missing_ok=True)
    corpus.upload.unlink(missing_ok=True)
    corpus.save()


def held_out(corpus: Corpus) -> Path:
    return corpus.directory / "held-out.jsonl"


def _write(corpus: Corpus) -> None:
    rows = _json_rows(corpus.upload) if _is_json(corpus) else _paragraphs(corpus.upload)
    held = 0
    with corpus.path.open("w", encoding="utf-8") as learned, held_out(corpus).open("w", encoding="utf-8") as measured:
        for number, (line, row) in enumerate(rows, start=1):
            corpus.kind = corpus.kind or _kind_of(row, line)
            corpus.characters += _check_row(row, corpus.kind, line)
            hold = number % HELD_OUT_EVERY == 0 and held < HELD_OUT_MOST
            held += hold
            (measured if hold else learned).write(json.dumps(row, ensure_ascii=False) + "\n")
            corpus.rows = number
    if not corpus.rows:
        raise Unusable(Sentence("The file is empty: there is nothing to learn from."))
    if not held:  # too few rows to spare any: measured on what it learns, which is better than nothing
        shutil.copyfile(corpus.path, held_out(corpus))
    with corpus.path.open("rb") as file:
        corpus.sha256 = hashlib.file_digest(file, "sha256").hexdigest()


def _is_json(corpus: Corpus) -> bool:
    return corpus.name.lower().removesuffix(".xz").endswith((".jsonl", ".json", ".ndjson"))


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Errors name the line, not our name for the file."""
    rows = read_rows(path)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except DataError as error:
            raise Unusable(Sentence("The file cannot be used: %(reason)s", reason=_here(error))) from error


def _paragraphs(path: Path) -> Iterator[tuple[int, Row]]:
    """Blank lines part paragraphs; where there are none, each line is one."""
    with path.open(encoding="utf-8-sig") as file:
        try:
            spaced = any(not line.strip() for line in file)
            file.seek(0)
            begun, lines = 1, list[str]()
            for number, line in enumerate(file, start=1):
                if line.strip():
                    lines.append(line.strip())
                if lines and (not spaced or not line.strip() or sum(map(len, lines)) > LONGEST_PARAGRAPH):
                    yield begun, {"text": "\n".join(lines)}
                    begun, lines = number + 1, []
            if lines:
                yield begun, {"text": "\n".join(lines)}
        except UnicodeDecodeError as error:
            raise Unusable(Sentence("This is no text in UTF-8. Save it as UTF-8 and upload it again.")) from error


def _kind_of(row: Row, line: int) -> str:
    for kind, fields in FIELDS.items():
        if fields <= row.keys():
            return kind
    raise Unusable(
        Sentence(
            "Line %(line)s: its fields (%(fields)s) are of no known kind. Known are: %(kinds)s.",
            line=line,
            fields=", ".join(list(row)[:8]),
            kinds="; ".join(", ".join(sorted(fields)) for fields in FIELDS.values()),
        )
    )


def _check_row(row: Row, kind: str, line: int) -> int:
    """Characters in it. Raises Unusable."""
    try:
        if kind == "qa":
            answers = row["answers"]
            if not isinstance(answers, list):
                raise TypeError(Sentence("answers must be a list"))
            texts = [row["context"], row["question"], *answers]
            if not all(isinstance(text, str) for text in texts):
                raise TypeError(Sentence("context, question and answers must be text"))
            return sum(map(len, texts))
        PARSERS[kind](row, random.Random(0))  # noqa: S311 (variety, not secrets)
    except (KeyError, TypeError, ValueError) as error:
        missing = isinstance(error, KeyError)
        reason = Sentence("a field is missing: %(field)s", field=error) if missing else said(error)
        raise Unusable(Sentence("Line %(line)s: %(reason)s.", line=line, reason=reason)) from error
    return len(json.dumps(row, ensure_ascii=False))


def _here(error: DataError) -> str:
    """Without our name for the file."""
    words = said(error)
    if isinstance(words, Sentence) and "line" in words.values:
        return Sentence("line %(line)s: %(reason)s.", **{name: words.values[name] for name in ("line", "reason")})
    return words
