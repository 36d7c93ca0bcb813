"""What is wrong with a file is said in a sentence, with the line where there is one, and nothing else is lost by it."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from tests.webapp import chinese
from tests.webapp.datasets.conftest import Bring, Make, jsonl, talk
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.datasets import reading, services
from webapp.datasets.models import Job, Status

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = jsonl(talk("What is tea?", "A leaf."))
TURNS = talk("a", "b")["messages"]
LONG = "x" * 10_000_000


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook(*rows: list) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part of it changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    return zipped({**parts, name: change(parts[name])})


def with_sheet(xml: bytes | Callable[[bytes], bytes]) -> bytes:
    """A workbook with another first sheet."""
    return with_part(SHEET, "xl/worksheets/sheet1.xml", xml if callable(xml) else lambda _: xml)


def columnar(table: pyarrow.Table) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


SHEET = workbook(["prompt", "completion"], ["What is tea?", "A leaf."])
BOMB = b"<x>" + b" " * 30_000_000
NO_ROWS = pyarrow.table({"prompt": pyarrow.array([], pyarrow.string())})
PARQUET = columnar(pyarrow.table({"prompt": ["a"] * 1000, "completion": ["b"] * 1000}))
TWICE = pyarrow.Table.from_arrays([pyarrow.array(["a"]), pyarrow.array(["b"])], names=["prompt", "prompt"])
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'

FILES: dict[str, tuple[bytes, str, str]] = {  # what is wrong with it: content, name, part of the sentence
    "nothing": (b"", "data.jsonl", "empty"),
    "white space": (b" \n\t\n ", "data.jsonl", "empty"),
    "zeros": (b"\x00" * 5000, "data.csv", "empty"),
    "a lone byte-order mark": (b"\xef\xbb\xbf\n", "data.jsonl", "empty"),
    "random bytes": (bytes(range(256)) * 40, "data.jsonl", "no text"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "data.jsonl", "PNG"),
    "a PDF": (b"%PDF-1.7\n1 0 obj", "data.csv", "PDF"),
    "gzip": (gzip.compress(GOOD.encode()), "data.jsonl.gz", "gzip"),
    "a pickle": (b"\x80\x04\x95\x10\x00\x00\x00", "data.pkl", "pickle"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "data.xls", "old Excel"),
    "a ZIP archive": (zipped({"data.jsonl": GOOD.encode()}), "data.zip", "Unpack it"),
    "a broken ZIP archive": (SHEET[: len(SHEET) // 2], "data.xlsx", "damaged or cut off"),
    "a ZIP bomb": (with_sheet(BOMB), "data.xlsx", "unpacks to far more"),
    "a bomb in the styles": (with_part(SHEET, "xl/styles.xml", lambda _: BOMB), "data.xlsx", "unpacks to far more"),
    "a billion laughs": (with_sheet(lambda xml: LAUGHS + xml.partition(b"?>")[2]), "data.xlsx", "cannot be read"),
    "a sheet that is no XML": (with_sheet(b"<worksheet><oops"), "data.xlsx", "damaged"),
    "a workbook without a workbook": (zipped({"xl/nothing.xml": b"<a/>"}), "data.xlsx", "cannot be read"),
    "an empty workbook": (workbook(), "data.xlsx", "empty"),
    "a workbook of one line": (workbook(["prompt", "completion"]), "data.xlsx", "no rows"),
    "a workbook with columns called the same": (workbook(["prompt", "prompt"], ["a", "b"]), "data.xlsx", "“prompt”"),
    "a formula for a name": (workbook(["prompt", "=A1"], ["a", "b"]), "data.xlsx", "formula"),
    "only formulas": (workbook(["prompt", "completion"], ["a", "=1+1"]), "data.xlsx", "Cell B2 holds a formula"),
    "a text called a workbook": (b"prompt,completion\na,b\n", "data.xlsx", ".xlsx"),
    "a text called Parquet": (GOOD.encode(), "data.parquet", ".parquet"),
    "half a Parquet file": (PARQUET[: len(PARQUET) // 2], "data.parquet", "damaged or cut off"),
    "Parquet without its middle": (PARQUET[:60] + b"\x00" * 300 + PARQUET[360:], "data.parquet", "damaged or cut off"),
    "Parquet with columns called the same": (columnar(TWICE), "data.parquet", "“prompt”"),
    "Parquet without rows": (columnar(NO_ROWS), "data.parquet", "no rows"),
    "columns called the same": (b"prompt,prompt\na,b\n", "data.csv", "“prompt”"),
    "a column without a name": (b"prompt,,completion\na,b,c\n", "data.csv", "Column 2"),
    "a table of one line": (b"prompt,completion\n", "data.csv", "no rows"),
    "too many columns": (b",".join(b"c%d" % n for n in range(600)) + b"\n1\n", "data.csv", "at most 500"),
    "a quote that never ends": (b'prompt,completion\n"a,b\nc,d\n', "data.csv", "never closed"),
    "too many cells": (b"prompt,completion\na,b,c\n", "data.csv", "3 cells"),
    "text after a quote": (b'prompt,completion\n"a"b,c\n', "data.csv", "twice"),
    "no JSON": (b"{oops\n", "data.jsonl", "Line 1"),
    "JSON that is cut off": (b'[{"prompt": "a", ', "data.json", "no JSON"),
    "a number": (b"42\n", "data.jsonl", "found int"),
    "a list of numbers": (b"[1, 2, 3]", "data.json", "found int"),
    "an object without a list": (b'{"prompt": {"a": 1}}', "data.json", "no list"),
    "JSON nested too deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", "data.jsonl", "Line 1"),
    "a name twice in an object": (b'{"prompt": "a", "prompt": "b", "completion": "c"}\n', "data.jsonl", "twice"),
    "not a number": (b'{"prompt": NaN, "completion": "c"}\n', "data.jsonl", "NaN"),
    "a line of 10 MB": (jsonl(talk("a", LONG)).encode(), "data.jsonl", "4 million"),
    "a NUL": (b'{"prompt": "a\\u0000", "completion": "c"}\n', "data.jsonl", "NUL"),
    "half a surrogate": (b'{"prompt": "a\\ud800", "completion": "c"}\n', "data.jsonl", "no text"),
    "a wrong byte": (b'{"prompt": "a", "completion": "\xff' + b"x" * 300 + b'"}\n', "data.jsonl", "UTF-8"),
    "a role that nobody knows": (b'{"messages": [{"role": "robot", "content": "x"}]}\n', "data.jsonl", "robot"),
    "no answer": (b'{"messages": [{"role": "user", "content": "x"}]}\n', "data.jsonl", "last message"),
    "two answers in a row": (jsonl({"messages": [*TURNS, TURNS[1]]}).encode(), "data.jsonl", "same side"),
    "an answer first": (jsonl({"messages": TURNS[1:]}).encode(), "data.jsonl", "begin with the user"),
    "an empty answer": (jsonl(talk("a", "  ")).encode(), "data.jsonl", "empty"),
    "messages that are no list": (b'{"messages": "hello"}\n', "data.jsonl", "no list"),
    "a picture in a message": (jsonl(talk("a", [{"type": "image_url"}])).encode(), "data.jsonl", "image_url"),
    "a pair of the same": (b'{"prompt": "a", "chosen": "b", "rejected": "b"}\n', "data.jsonl", "the same"),
    "a thumb to the side": (b'{"prompt": "a", "completion": "b", "label": "sideways"}\n', "data.jsonl", "sideways"),
    "a number for an answer": (b'{"prompt": "a", "completion": 7}\n', "data.jsonl", "must be text"),
}  # fmt: skip


def test_there_are_many_kinds_of_bad_files() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_refused_with_a_sentence_and_nothing_else_is_lost(kind: str, bring: Bring, make: Make) -> None:
    other = make([talk("What is coffee?", "A bean.")])
    content, name, says = FILES[kind]
    dataset = bring(content, name)

    assert dataset.status == Status.REFUSED
    assert says in dataset.problem
    assert dataset.problem.rstrip().endswith((".", "…")) or ": " in dataset.problem
    assert str(dataset.upload) not in dataset.problem  # our name for the file
    assert chinese.english_in(dataset.problem) == []
    assert not dataset.rows.exists()
    assert other.rows.count() == 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ('{"oops', "no JSON"),
        ("[1, 2]", "found list"),
        (json.dumps({"instruction": "a", "output": "b"}), "another form"),
        (json.dumps({"words": "b"}), "missing"),
        (jsonl(talk("a", LONG)), "4 million"),
        (json.dumps(talk("a", "nul \x00")), "NUL"),
        (json.dumps(talk("", "b")), "empty"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_the_good_ones_wait_for_a_word(bad: str, says: str, bring: Bring) -> None:
    dataset = bring(f"{GOOD}\n\n{bad}\n{jsonl(talk('And coffee?', 'A bean.'))}\n")

    assert (dataset.status, dataset.bad_rows, dataset.rows.count()) == (Status.CHOOSING, 1, 2)
    problem = dataset.problems.get()
    assert problem.line == 3
    assert says in problem.reason
    assert chinese.english_in(problem.reason) == []
    assert dataset.upload.exists()  # until somebody says what to do

    services.keep_good_rows(dataset)
    dataset.refresh_from_db()
    assert (dataset.status, dataset.rows.count(), dataset.job) == (Status.READY, 2, Job.INSPECT)
    assert not dataset.upload.exists()


def test_each_reader_is_told_in_their_language(bring: Bring, anna: User) -> None:
    dataset = bring(f"{GOOD}\n{{oops\n{json.dumps({'words': 'b'})}\n[1]\n")

    read = chinese.page(anna, f"/datasets/{dataset.pk}/")
    assert "不是 JSON：此处应有双引号括起的字段名（第 2 个字符）。" in read
    assert "缺少字段“messages”；现有：words。" in read
    assert "应为带字段的对象" in read
    refused = bring("prompt,prompt\na,b\n", "data.csv")
    assert "有两列都叫“prompt”" in chinese.page(anna, f"/datasets/{refused.pk}/")
    assert "Two columns are called" in client_of(anna).get(f"/datasets/{refused.pk}/").content.decode()


def test_a_bad_byte_in_a_line_is_that_lines_trouble(bring: Bring) -> None:
    lines = [jsonl(talk(f"Question {n}?", f"Answer {n}.")).encode() for n in range(20)]
    lines[7] = lines[7].replace(b"Answer", b"Answ\xffr")
    dataset = bring(b"\n".join(lines))

    assert (dataset.status, dataset.rows.count()) == (Status.CHOOSING, 19)
    assert dataset.problems.get().line == 8


def test_an_array_that_breaks_off_keeps_what_came_before(bring: Bring) -> None:
    whole = json.dumps([talk(f"Question {n}?", f"Answer {n}.") for n in range(50)])
    dataset = bring(whole[: len(whole) - 40], "data.json")

    assert (dataset.status, dataset.rows.count()) == (Status.CHOOSING, 49)
    assert "no JSON" in dataset.problems.get().reason


def test_very_many_bad_rows_are_counted_and_the_first_are_told(bring: Bring) -> None:
    dataset = bring(GOOD + "\n{oops" * 2500)

    assert (dataset.bad_rows, dataset.problems.count(), dataset.rows.count()) == (2500, reading.MOST_TOLD, 1)


def test_a_reading_that_was_stopped_keeps_what_it_read_until_somebody_says(
    bring: Bring, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading, "BATCH", 10)
    told = reading.note

    def stop_at_once(dataset, done: int, total: int | None = None) -> None:
        services.stop(dataset)
        told(dataset, done, total)

    monkeypatch.setattr(reading, "note", stop_at_once)
    dataset = bring("\n".join([GOOD] * 100))

    assert (dataset.status, dataset.rows.count()) == (Status.CHOOSING, 10)
    assert "stopped" in dataset.problem


def test_a_reading_that_broke_off_begins_anew_and_reads_nothing_twice(bring: Bring) -> None:
    dataset = bring("\n".join([GOOD] * 30 + ["{oops"]))
    reading.read(dataset)

    assert (dataset.rows.count(), dataset.problems.count()) == (30, 1)
