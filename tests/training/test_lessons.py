"""Rows that a model is taught: what is taken, what is refused with a sentence, and how the model will see it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from training import look
from training.__main__ import main
from training.errors import DataError
from training.examples import Conversation
from training.lessons import parse, read_lessons
from training.rendering import render
from training.transcripts import render_lesson

BUILTIN = Path("inference/builtin")
ASK, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy!"}
CHAT = {"messages": [{"role": "system", "content": "Be brief."}, ASK, ANSWER, ASK, {**ANSWER, "content": "你好 🙂"}]}
PAIR = {"prompt": [ASK], "chosen": "Ahoy!", "rejected": "No."}
THUMB = {"prompt": [ASK], "completion": "Ahoy!", "label": False}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return look.load(BUILTIN)


@pytest.mark.parametrize(("row", "shape"), [(CHAT, "supervised"), (PAIR, "preference"), (THUMB, "thumbs")])
def test_a_row_of_each_shape_is_taken(row: dict[str, Any], shape: str) -> None:
    lesson = parse(row, shape)

    assert lesson.messages[-1].content in ("你好 🙂", "Ahoy!")
    assert lesson.liked == (shape != "thumbs")


@pytest.mark.parametrize(
    ("row", "shape", "reason"),
    [
        ({}, "supervised", "messages must be a list"),
        ({"messages": [ASK]}, "supervised", "end with the assistant"),
        ({"messages": [ANSWER, ANSWER]}, "supervised", "alternate"),
        ({"messages": [ASK, {"role": "tool", "content": "x"}]}, "supervised", "role"),
        ({"messages": [ASK, {**ANSWER, "content": "  "}]}, "supervised", "not empty"),
        ({**CHAT, "task": "dance"}, "supervised", "task must be one of"),
        ({**CHAT, "learn": "some"}, "supervised", "learn must be"),
        ({**PAIR, "rejected": "Ahoy!"}, "preference", "the same"),
        ({**PAIR, "prompt": [ASK, ANSWER]}, "preference", "alternate"),
        ({**THUMB, "label": "yes"}, "thumbs", "true or false"),
        (THUMB, "essay", "there is no shape"),
    ],
)
def test_what_cannot_be_learnt_is_refused_with_a_sentence(row: dict[str, Any], shape: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(row, shape)


def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(PAIR) + "\n{}\n")

    with pytest.raises(DataError, match=r"rows\.jsonl, line 2"):
        read_lessons(file, "preference")


def test_a_lesson_is_rendered_as_pretraining_renders_the_same_conversation(tokenizer: Any) -> None:
    lesson = parse(CHAT, "supervised")
    mine, theirs = render_lesson(lesson, tokenizer), render(Conversation(lesson.messages), tokenizer)

    assert mine.input_ids.tolist() == theirs.input_ids.tolist()
    assert mine.learned.tolist() == theirs.learned.tolist()


def test_only_replies_are_learned_and_the_last_alone_where_the_row_says_so(tokenizer: Any) -> None:
    [every] = look.look([CHAT], tokenizer, "supervised", max_length=None)
    [last] = look.look([{**CHAT, "learn": "last"}], tokenizer, "supervised", max_length=None)

    def said(seen: dict[str, Any]) -> str:
        return "".join(text for text, learned in seen["tokens"] if learned)

    assert said(every) == "Ahoy!<|im_end|>你好 🙂<|im_end|>"
    assert said(last) == "你好 🙂<|im_end|>"


def test_what_does_not_fit_is_said(tokenizer: Any) -> None:
    [seen] = look.look([CHAT], tokenizer, "supervised", max_length=8)
    found = look.survey([CHAT, CHAT], tokenizer, "supervised", max_length=8)

    assert (len(seen["tokens"]), seen["cut"]) == (8, True)
    assert (found["rows"], found["cut_rows"], found["cut_tokens"]) == (2, 2, 2 * (seen["length"] - 8))


def test_the_command_answers_lists_of_rows_on_its_input(
    tokenizer: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{json.dumps([CHAT, {}])}\n[]\n"))

    assert main(["look", "-", "--base", str(BUILTIN), "--lengths", "--max-length", "8"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first[0] == look.measure(CHAT, tokenizer, "supervised", max_length=8)
    assert (list(first[1]), second) == (["problem"], [])


def test_the_command_prints_each_row_as_the_model_sees_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(CHAT, ensure_ascii=False) + "\n", encoding="utf-8")

    assert main(["look", str(file), "--base", str(BUILTIN)]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["row"] == 1
