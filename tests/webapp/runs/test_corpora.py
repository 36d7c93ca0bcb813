"""What may be uploaded, and what is said of what may not."""

import json

import pytest

from tests.webapp import chinese
from tests.webapp.runs.conftest import Upload
from training.data import read_rows
from webapp.accounts.models import User
from webapp.runs import checking, services, uploads
from webapp.runs.models import Checked, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


def rows(*values: object) -> str:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values)


def test_paragraphs_of_a_text_are_rows_and_some_are_held_out(upload: Upload) -> None:
    corpus = upload("One\nline.\n\nTwo.\n\n" + "\n\n".join(f"Row {i}." for i in range(40)))

    assert (corpus.status, corpus.kind, corpus.rows) == (Checked.READY, "text", 42)
    learned = [row["text"] for _, row in read_rows(corpus.path)]
    measured = [row["text"] for _, row in read_rows(checking.held_out(corpus))]
    assert learned[0] == "One\nline."
    assert len(measured) == 2
    assert not set(learned) & set(measured)


def test_lines_are_rows_where_none_is_blank(upload: Upload) -> None:
    assert upload("一\n二\n三").rows == 3


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("text", {"text": "Hello"}),
        ("chat", {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}),
        ("translation", {"src": "tea", "tgt": "茶", "src_lang": "en", "tgt_lang": "zh"}),
        ("qa", {"context": "Tea is green.", "question": "What is tea?", "answers": ["green"]}),
        ("sentiment", {"text": "Good", "label": "positive"}),
    ],
)
def test_the_kind_of_rows_is_recognised(kind: str, row: dict, upload: Upload) -> None:
    corpus = upload(rows(row, row), "data.jsonl")

    assert (corpus.status, corpus.kind, corpus.rows) == (Checked.READY, kind, 2)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("", "empty.txt", "empty"),
        (" \n\n ", "blank.txt", "empty"),
        ("", "empty.jsonl", "empty"),
        (b"\xff\xfe\x00binary", "binary.txt", "UTF-8"),
        (b"\xff\xfe\x00binary", "binary.jsonl", "line 1"),
        ("{broken", "broken.jsonl", "line 1"),
        ('{"text": "fine"}\n[1, 2]', "mixed.jsonl", "line 2"),
        ('{"words": "no such field"}', "fields.jsonl", "words"),
        ('{"text": "fine"}\n{"text": ""}', "blank.jsonl", "Line 2"),
        ('{"text": "fine"}\n{"label": "x"}', "missing.jsonl", "text"),
        ('{"text": 3}', "number.jsonl", "Line 1"),
        ('{"messages": "no list"}', "chat.jsonl", "Line 1"),
        ('{"messages": [{"role": "robot", "content": "x"}]}', "role.jsonl", "Line 1"),
        ('{"context": "a", "question": "b", "answers": "c"}', "qa.jsonl", "Line 1"),
        ('{"text": "x", "label": "sideways"}', "label.jsonl", "sideways"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place_and_the_reason(
    content: str | bytes, name: str, says: str, upload: Upload
) -> None:
    corpus = upload(content, name)

    assert corpus.status == Checked.REFUSED
    assert says in corpus.problem
    assert "upload, " not in corpus.problem  # our name for the file
    corpus.refresh_from_db()
    assert chinese.english_in(corpus.problem) == []


def test_who_reads_chinese_is_told_in_chinese_what_is_wrong_with_a_file(upload: Upload, alice: User) -> None:
    upload('{"text": "fine"}\n{"text": \n', "cut.jsonl")
    upload('{"messages": [{"role": "robot", "content": "x"}]}', "role.jsonl")

    read = chinese.page(alice, "/runs/new/")
    assert "第 2 行：不是 UTF-8 编码的 JSON 对象（此处应有值，位于第 " in read
    assert "第 1 行：消息要有 role（system、user 或 assistant）和 content，而这里是 " in read


def test_a_file_that_a_run_reads_is_not_removed(run: TrainingRun) -> None:
    corpus = run.corpora.get()
    with pytest.raises(services.InUse):
        uploads.delete_corpus(corpus)
    services.stop_run(run)
    uploads.delete_corpus(corpus)

    assert not corpus.directory.exists()
