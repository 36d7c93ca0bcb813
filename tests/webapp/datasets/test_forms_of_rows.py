"""Whatever form people have their examples in, it is recognised and becomes the same rows."""

import csv
import io
from pathlib import Path

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from inference import prompts
from tests.webapp.datasets.conftest import Bring, jsonl, talk
from webapp.datasets.models import Dataset, Job, Shape, Status

pytestmark = pytest.mark.django_db(transaction=True)

TEA = {"role": "user", "content": "What is tea?"}
LEAF = {"role": "assistant", "content": "A leaf."}
SHAREGPT = [{"from": "human", "value": "What is tea?"}, {"from": "gpt", "value": "A leaf."}]
SAID = {"messages": [TEA, LEAF], "task": "chat"}
PAIR = {"prompt": [TEA], "chosen": "A leaf.", "rejected": "A car.", "task": "chat"}
THUMB = {"prompt": [TEA], "completion": "A leaf.", "label": True, "task": "chat"}


def first(dataset: Dataset) -> dict:
    return dataset.rows.get(number=1).values


def turned(answer: str, task: str, asked: list) -> dict:
    return {"messages": [*prompts_of(asked), {"role": "assistant", "content": answer}], "task": task}


def prompts_of(asked: list) -> list[dict]:
    return [{"role": turn.role.value, "content": turn.content} for turn in asked]


@pytest.mark.parametrize(
    ("row", "shape", "values"),
    [
        ({"messages": [TEA, LEAF]}, Shape.SUPERVISED, SAID),
        ({"messages": [TEA, LEAF], "task": "write"}, Shape.SUPERVISED, {**SAID, "task": "write"}),
        ({"messages": [TEA, {**LEAF, "content": [{"type": "text", "text": "A leaf."}]}]}, Shape.SUPERVISED, SAID),
        ({"conversations": SHAREGPT}, Shape.SUPERVISED, SAID),
        ({"instruction": "What is tea?", "input": "", "output": "A leaf."}, Shape.SUPERVISED, SAID),
        ({"prompt": "What is tea?", "completion": "A leaf."}, Shape.SUPERVISED, SAID),
        ({"Question": "What is tea?", "Answer": "A leaf."}, Shape.SUPERVISED, SAID),
        ({"prompt": [TEA], "completion": [LEAF]}, Shape.SUPERVISED, SAID),
        ({"prompt": "What is tea?", "chosen": "A leaf.", "rejected": "A car."}, Shape.PREFERENCE, PAIR),
        ({"chosen": [TEA, LEAF], "rejected": [TEA, {**LEAF, "content": "A car."}]}, Shape.PREFERENCE, PAIR),
        ({"prompt": "What is tea?", "completion": "A leaf.", "label": True}, Shape.THUMBS, THUMB),
        ({"prompt": "What is tea?", "completion": "A leaf.", "label": "👎"}, Shape.THUMBS, {**THUMB, "label": False}),
        (
            {"context": "Tea is a leaf.", "question": "What is tea?", "answers": {"text": ["a leaf"]}},
            Shape.SUPERVISED,
            turned("a leaf", "ask", prompts.ask("Tea is a leaf.", "What is tea?")),
        ),
        (
            {"text": "Good tea", "label": "positive"},
            Shape.SUPERVISED,
            turned("positive", "analyze", prompts.analyze("Good tea")),
        ),
    ],
)  # fmt: skip
def test_a_form_is_recognised_by_its_fields(row: dict, shape: Shape, values: dict, bring: Bring) -> None:
    dataset = bring(jsonl(row, row))

    assert (dataset.status, dataset.shape, dataset.rows.count()) == (Status.READY, shape, 2)
    assert first(dataset) == values
    assert dataset.job == Job.INSPECT  # and then its rows are looked through


@pytest.mark.parametrize(
    "row",
    [
        {"source": "tea", "target": "茶", "source_lang": "en", "target_lang": "zh"},
        {"src": "tea", "tgt": "茶", "src_lang": "en", "tgt_lang": "zh-CN"},
        {"translation": {"en": "tea", "zh": "茶"}},
        {"en": "tea", "zh": "茶"},
    ],
)
def test_a_translation_is_asked_for_as_the_room_asks_for_it(row: dict, bring: Bring) -> None:
    asked = prompts_of(prompts.translate("tea", source="en", target="zh-Hans"))
    expected = [*asked, {"role": "assistant", "content": "茶"}]

    assert first(bring(jsonl(row))) == {
        "messages": expected,
        "task": "translate",
        "source": "en",
        "target": "zh-Hans",
    }


def table(separator: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([["prompt", "completion"], ["What is\ntea?", 'A "leaf", green.']])
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (table(), "data.csv"),
        (table(";"), "data.csv"),
        (table("\t"), "data.tsv"),
        (table(encoding="utf-8-sig"), "data.csv"),
        (table(encoding="utf-16"), "data.csv"),
        (table(), "data"),
    ],
)
def test_a_table_is_read_whatever_separates_its_cells(content: bytes, name: str, bring: Bring) -> None:
    dataset = bring(content, name)

    assert [turn["content"] for turn in first(dataset)["messages"]] == ["What is\ntea?", 'A "leaf", green.']


def test_an_old_chinese_encoding_is_found_out(bring: Bring) -> None:
    lines = "问题,回答\n" + "".join(f"第{n}个问题是什么意思？,这是第{n}个回答，说明得很清楚。\n" for n in range(30))
    dataset = bring(lines.encode("gb18030"), "data.csv")

    assert (dataset.status, dataset.rows.count()) == (Status.READY, 30)
    assert first(dataset)["messages"][0]["content"] == "第0个问题是什么意思？"


ARRAY = '[{"prompt": "a", "completion": "b"},\n {"prompt": "c", "completion": "d"}]'


@pytest.mark.parametrize("content", [ARRAY, f'{{"version": 1, "data": {ARRAY}}}'])
def test_a_json_array_is_read_element_by_element(content: str, bring: Bring) -> None:
    assert bring(content, "data.json").rows.count() == 2


def test_a_parquet_file_is_read(bring: Bring, tmp_path: Path) -> None:
    rows = [talk(f"Question {n}?", f"Answer {n}.") for n in range(500)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows")
    dataset = bring((tmp_path / "rows").read_bytes(), "data.parquet")

    assert (dataset.status, dataset.rows.count()) == (Status.READY, 500)
    assert dataset.rows.get(number=500).values["messages"][1]["content"] == "Answer 499."


def test_a_workbook_is_read_from_its_first_sheet_with_anything_in_it(bring: Bring) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Examples")
    for row in (["prompt", "completion"], ["What is tea?", "A leaf."], [None, None], ["How old?", 7]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    dataset = bring(out.getvalue(), "data.xlsx")

    assert [row.values["messages"][1]["content"] for row in dataset.rows.order_by("number")] == ["A leaf.", "7"]


def test_columns_that_nobody_knows_wait_to_be_mapped(bring: Bring) -> None:
    dataset = bring("frage;antwort\nWas ist Tee?;Ein Blatt.\n", "data.csv")

    assert (dataset.status, dataset.columns) == (Status.MAPPING, ["frage", "antwort"])
    assert dataset.preview == [{"frage": "Was ist Tee?", "antwort": "Ein Blatt."}]
    assert dataset.upload.exists()
