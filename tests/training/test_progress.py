"""What a command tells whoever started it."""

import io
import json
from pathlib import Path

import pytest

from inference.sentences import Sentence, unpack
from training.__main__ import main
from training.progress import Failed, emit


def test_a_sentence_is_told_in_english_and_in_its_parts() -> None:
    out = io.StringIO()
    emit(Failed(Sentence("%(file)s is empty.", file="a.jsonl")), out)

    event = json.loads(out.getvalue())
    assert event == {
        "event": "failed",
        "reason": "a.jsonl is empty.",
        "told": {"reason": ["%(file)s is empty.", {"file": "a.jsonl"}]},
    }


def test_what_has_no_parts_is_told_once() -> None:
    out = io.StringIO()
    emit(Failed("It ended."), out)

    assert json.loads(out.getvalue()) == {"event": "failed", "reason": "It ended."}


def test_a_command_that_fails_says_why_in_english_and_in_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "run.json"
    config.write_text('{"base": "x", "r": 0, "depth": 3}')

    assert main(["finetune", str(config), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    english = (
        "The field r is 0: input should be greater than or equal to 1. "
        "Unknown field depth: check its spelling or leave it out."
    )
    assert printed.err.strip() == english
    event = json.loads(printed.out)
    assert event["reason"] == english == unpack(event["told"]["reason"])
