"""Nothing is dropped without being counted, and what is good stays."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from training import quality
from training.__main__ import main
from training.checking import check
from training.cleaning import Limits, clean
from training.errors import DataError

WriteRows = Callable[[Path, Sequence[Mapping[str, object]]], None]

GOOD: list[Mapping[str, object]] = [
    {"text": "The old man walked slowly down to the river to see the boats.", "lang": "en"},
    {"text": "今天早上下了一场大雨，路上的人都打着伞。", "lang": "zh"},
    {"src": "Good morning.", "tgt": "早上好。", "src_lang": "en", "tgt_lang": "zh"},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}], "lang": "en"},
]
BAD: dict[str, Mapping[str, object]] = {
    "duplicate": {"text": "the old man walked slowly down to the river to see the boats", "lang": "en"},
    "near duplicate": {"text": "The old man walked slowly down to the river to see the boat.", "lang": "en"},
    "repetitive": {"text": "la la la la la la la la la la", "lang": "en"},
    "wrongly decoded": {"text": "CafÃ© with a view of the riverâ€™s bend", "lang": "en"},
    "hardly any letters": {"text": "--- *** --- 7 --- ***", "lang": "en"},
    "mostly markup or addresses": {"text": "see https://example.org/a/very/long/address now", "lang": "en"},
    "in another language": {
        "text": "Der alte Mann ging langsam zum Fluss hinunter, um die Boote zu sehen.",
        "lang": "en",
    },
    "too short": {"text": "x", "lang": "en"},
    "too long": {"text": "word and word, " * 10 + "one more thing about the sea and the mountains " * 4, "lang": "en"},
    "not in a known format": {"words": "x"},
    "not usable": {"text": 5},
}


def test_every_row_is_kept_or_counted_with_its_reason(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "a.jsonl", [*GOOD, *BAD.values()])
    with (tmp_path / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write("{not json\n")

    (report,) = clean([tmp_path / "a.jsonl"], tmp_path / "out", Limits(max_characters=250))

    kept = [json.loads(line) for line in (tmp_path / "out" / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept == GOOD
    assert report.dropped == dict.fromkeys([*BAD, "not a JSON object"], 1)
    assert report.rows == report.kept + report.dropped.total() == 16
    assert report.where["not a JSON object"] == [16]
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == [report.summary()]


def test_duplicates_are_found_across_files(tmp_path: Path, write_rows: WriteRows) -> None:
    for name in "ab":
        write_rows(tmp_path / f"{name}.jsonl", GOOD)

    reports = clean([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out", Limits())

    assert [report.kept for report in reports] == [4, 0]
    assert reports[1].dropped == {"duplicate": 4}


def test_questions_about_one_passage_are_no_duplicates_of_each_other(tmp_path: Path, write_rows: WriteRows) -> None:
    passage = "The Normans were a people who lived in the north of France and gave Normandy its name. " * 3
    asked = [("Where did the Normans live?", "in the north of France"), ("What is named after them?", "Normandy")]
    write_rows(
        tmp_path / "q.jsonl",
        [{"context": passage, "question": q, "answers": [a], "lang": "en"} for q, a in asked],
    )

    (report,) = clean([tmp_path / "q.jsonl"], tmp_path / "out", Limits())

    assert report.kept == 2


def test_a_file_is_never_cleaned_into_itself(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "a.jsonl", GOOD)

    with pytest.raises(DataError, match=r"a\.jsonl would be overwritten"):
        clean([tmp_path / "a.jsonl"], tmp_path, Limits())

    assert len((tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "clean_text"),
    [
        ("a \u00a0 b\u200b\u00adc", "a bc"),
        ("e\u0301te\u0301", "été"),
        ("one\r\n\r\n\r\n\r\ntwo \n three", "one\n\ntwo\nthree"),
        ("　你好　", "你好"),
        ("tab\tand\x00null", "tab andnull"),
    ],
)
def test_text_is_normalised(text: str, clean_text: str) -> None:
    assert quality.normalise(text) == clean_text
    assert quality.normalise(clean_text) == clean_text


def test_a_check_names_every_bad_line_and_changes_nothing(
    tmp_path: Path, write_rows: WriteRows, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "a.jsonl", [*GOOD, GOOD[0], {"words": "x"}, {"text": ""}])
    before = (tmp_path / "a.jsonl").read_bytes()

    findings = check(tmp_path / "a.jsonl")
    status = main(["check", str(tmp_path / "a.jsonl")])

    assert (tmp_path / "a.jsonl").read_bytes() == before
    assert findings.kinds == {"text": 3, "translation": 1, "chat": 1}
    assert findings.languages == {"en": 4, "zh": 2}
    assert findings.duplicates == 1
    assert [error.split(":")[0] for error in findings.errors] == ["a.jsonl, line 6", "a.jsonl, line 7"]
    said = capsys.readouterr()
    assert status == 2
    assert "no known format has the fields words" in said.out
    assert "2 lines cannot be used" in said.err
