import lzma
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from inference import prompts
from inference.messages import Role
from training.config import SourceConfig
from training.data import load_examples
from training.errors import DataError
from training.examples import Conversation, Text

WriteRows = Callable[[Path, Sequence[Mapping[str, object]]], None]


def load(directory: Path, **source: object) -> list[Conversation | Text]:
    return load_examples(SourceConfig.model_validate(source), [directory], seed=0)


def contents(example: Conversation | Text) -> list[str]:
    assert isinstance(example, Conversation)
    return [message.content for message in example.messages]


def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"text": "fine"}\n\n{"text": \n', encoding="utf-8")

    with pytest.raises(DataError, match=r"notes\.jsonl, line 3: this is not a JSON object"):
        load(tmp_path, file="notes.jsonl", kind="text")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"words": "x"}, r"the field 'messages' is missing"),
        ({"messages": [{"role": "robot", "content": "x"}]}, r"a message has a role"),
        ({"messages": [{"role": "user", "content": "x"}]}, r"must alternate user and assistant"),
        ({"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "x"}]}, r"not empty"),
    ],
)
def test_a_row_that_is_no_chat_is_named_with_the_reason(
    tmp_path: Path, write_rows: WriteRows, row: dict[str, object], reason: str
) -> None:
    write_rows(tmp_path / "chat.jsonl", [row])

    with pytest.raises(DataError, match=rf"chat\.jsonl, line 1: .*{reason}"):
        load(tmp_path, file="chat.jsonl", kind="chat")


def test_a_file_that_is_missing_is_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file nowhere\.jsonl"):
        load(tmp_path, file="nowhere.jsonl", kind="text")


def test_it_reads_compressed_files_under_their_plain_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress('{"text": "你好"}\n'.encode()))

    assert load(tmp_path, file="a.jsonl", kind="text") == [Text("你好")]


def test_a_translation_is_learned_in_both_directions(corpus: Path) -> None:
    there, back = (contents(example) for example in load(corpus, file="translation.jsonl", kind="translation"))

    assert "Good morning." in there[0]
    assert there[1] == "早上好。"
    assert "早上好。" in back[0]
    assert back[1] == "Good morning."


def test_a_pair_is_a_translation_without_a_request(corpus: Path) -> None:
    assert load(corpus, file="translation.jsonl", kind="pair") == [
        Text("早上好。", given="English: Good morning.\nChinese: "),
        Text("Good morning.", given="Chinese: 早上好。\nEnglish: "),
    ]


def test_a_sentiment_is_asked_for_as_the_page_asks_or_in_other_words(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "s.jsonl", [{"text": f"Good, {i}", "label": "positive"} for i in range(40)])

    found = [contents(example) for example in load(tmp_path, file="s.jsonl", kind="sentiment")]

    assert {reply for _, reply in found} == {"positive"}
    assert any(prompt == prompts.analyze(f"Good, {i}")[-1].content for i, (prompt, _) in enumerate(found))
    assert any(prompt != prompts.analyze(f"Good, {i}")[-1].content for i, (prompt, _) in enumerate(found))


def test_a_label_that_is_none_is_named_with_its_line(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "s.jsonl", [{"text": "Good.", "label": "nice"}])

    with pytest.raises(DataError, match=r"s\.jsonl, line 1: label must be one of positive, neutral, negative"):
        load(tmp_path, file="s.jsonl", kind="sentiment")


def test_questions_about_a_passage_are_one_conversation(tmp_path: Path, write_rows: WriteRows) -> None:
    row = {"context": "Alice lives in Rome.", "lang": "en"}
    asked = [("Where does Alice live?", ["Rome"]), ("Who lives in Rome?", ["Alice"])]
    write_rows(tmp_path / "q.jsonl", [{**row, "question": q, "answers": a} for q, a in asked])

    (found,) = [contents(example) for example in load(tmp_path, file="q.jsonl", kind="qa")]

    assert {"Rome", "Alice"} <= set(found)
    assert found[0].count("Alice lives in Rome.") == 1


def test_a_question_without_its_passage_is_named_with_its_line(tmp_path: Path, write_rows: WriteRows) -> None:
    good = {"context": "Alice lives in Rome.", "question": "Where?", "answers": ["Rome"]}
    write_rows(tmp_path / "q.jsonl", [good, {"question": "Where?", "answers": []}])

    with pytest.raises(DataError, match=r"q\.jsonl, line 2: the field 'context' is missing"):
        load(tmp_path, file="q.jsonl", kind="qa")


def test_a_reply_is_put_in_the_place_of_another(tmp_path: Path, write_rows: WriteRows) -> None:
    rows = [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Old"}]}]
    write_rows(tmp_path / "c.jsonl", rows)

    found = load(tmp_path, file="c.jsonl", kind="chat", reworded={"Old": "New"})

    assert [contents(example) for example in found] == [["Hi", "New"]]


def test_a_story_is_the_reply_to_someone_who_asks_for_it(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "s.jsonl", [{"text": f"Once there was a cat named Tom. {i}"} for i in range(20)])

    stories = [contents(example) for example in load(tmp_path, file="s.jsonl", kind="story")]

    assert [reply for _, reply in stories] == [f"Once there was a cat named Tom. {i}" for i in range(20)]
    assert all("story" in prompt for prompt, _ in stories)
    assert any("Tom" in prompt or "a cat" in prompt for prompt, _ in stories)


def test_every_phrasing_of_an_intent_gets_a_reply(tmp_path: Path, write_rows: WriteRows) -> None:
    write_rows(tmp_path / "i.jsonl", [{"prompts": ["Hi", "Hello", "Hey"], "replies": ["A", "B"]}])

    pairs = [contents(example) for example in load(tmp_path, file="i.jsonl", kind="intents")]

    assert pairs == [["Hi", "A"], ["Hello", "B"], ["Hey", "A"]]


def test_a_prompt_keeps_only_its_first_reply(tmp_path: Path, write_rows: WriteRows) -> None:
    rows = [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": text}]} for text in "ab"]
    write_rows(tmp_path / "c.jsonl", rows)

    assert [contents(example) for example in load(tmp_path, file="c.jsonl", kind="chat")] == [["Hi", "a"]]


def test_rows_are_chosen_by_their_fields_and_their_replies(tmp_path: Path, write_rows: WriteRows) -> None:
    replies = [("a", "en"), ("b", "en"), ("c", "zh")]
    rows = [
        {"messages": [{"role": "user", "content": f"to {x}"}, {"role": "assistant", "content": x}], "lang": lang}
        for x, lang in replies
    ]
    write_rows(tmp_path / "c.jsonl", rows)

    kept = load(tmp_path, file="c.jsonl", kind="chat", where={"lang": "en"}, exclude_replies=["a"])

    assert [contents(example) for example in kept] == [["to b", "b"]]


def test_joined_conversations_are_whole_exchanges_in_a_row(corpus: Path) -> None:
    singles = {tuple(contents(example)) for example in load(corpus, file="chat.jsonl", kind="chat")}

    joined = [contents(example) for example in load(corpus, file="chat.jsonl", kind="chat", joined=1)]

    assert {len(messages) for messages in joined} == {4, 6}
    assert all(tuple(messages[i : i + 2]) in singles for messages in joined for i in range(0, len(messages), 2))


def test_a_system_message_comes_first_where_it_is_wanted(corpus: Path) -> None:
    rows = load(corpus, file="chat.jsonl", kind="chat", with_system=1, joined=1)

    assert all(isinstance(row, Conversation) and row.messages[0].role is Role.SYSTEM for row in rows)
    assert all(m.role is not Role.SYSTEM for row in rows if isinstance(row, Conversation) for m in row.messages[1:])


def test_the_same_seed_gives_the_same_examples(corpus: Path) -> None:
    def rows() -> list[Conversation | Text]:
        return load(corpus, file="chat.jsonl", kind="chat", joined=0.5, with_system=0.5, max_examples=10)

    assert rows() == rows()
    assert len(rows()) == 10
