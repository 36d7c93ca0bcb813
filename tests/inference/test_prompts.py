import itertools

import pytest

from inference import prompts
from inference.messages import Message, Role

HISTORY = (Message(Role.USER, "Hello"), Message(Role.ASSISTANT, "Hi"), Message(Role.USER, "你好"))


def test_a_chat_is_the_history_as_it_is() -> None:
    assert prompts.chat(HISTORY) == list(HISTORY)


def test_a_system_message_goes_before_the_history() -> None:
    assert prompts.chat(HISTORY, system="Be brief.") == [Message(Role.SYSTEM, "Be brief."), *HISTORY]


@pytest.mark.parametrize(
    ("source", "target", "names"),
    [
        ("en", "zh-Hans", "from English into Chinese"),
        ("ZH", "fr", "from Chinese into French"),
        ("zh-Hant", "pt-BR", "from Traditional Chinese into Brazilian Portuguese"),
        ("gsw", "en", "from gsw into"),
        ("", "en", "Translate into English."),
    ],
)
def test_a_translation_names_both_languages_and_keeps_the_text_untouched(source: str, target: str, names: str) -> None:
    (message,) = prompts.translate("  two\n\nlines ", source=source, target=target)

    assert message.role is Role.USER
    assert names in message.content
    assert message.content.endswith("\n\n  two\n\nlines ")


def test_a_question_comes_with_its_passage_and_what_to_say_when_the_answer_is_not_there() -> None:
    (message,) = prompts.ask("Tea is grown in Yunnan.\n", "Where is tea grown?")

    assert "Text:\nTea is grown in Yunnan.\n\nQuestion: Where is tea grown?" in message.content
    assert prompts.NOT_IN_TEXT["en"] in message.content


def test_a_chinese_question_is_asked_in_chinese() -> None:
    (message,) = prompts.ask("云南产茶。", "哪里产茶？")

    assert "文字：\n云南产茶。\n\n问题：哪里产茶？" in message.content
    assert prompts.NOT_IN_TEXT["zh"] in message.content


def test_a_further_question_does_not_repeat_the_passage() -> None:
    earlier = [Message(Role.USER, "Where?"), Message(Role.ASSISTANT, "In Yunnan.")]
    first, answer, question = prompts.ask("Tea is grown in Yunnan.", "Since when?", earlier=earlier)

    assert first.content.endswith("Question: Where?")
    assert (answer.content, question.content) == ("In Yunnan.", "Since when?")


@pytest.mark.parametrize(
    ("text", "chinese"),
    [("哪里产茶？", True), ("お茶はどこ？", False), ("Where is 云南?", False), ("", False), ("GPT-4 是什么", True)],
)
def test_japanese_and_a_single_chinese_word_are_no_chinese_text(text: str, chinese: bool) -> None:
    assert prompts.is_chinese(text) is chinese


def test_a_sentiment_is_asked_for_with_the_text_untouched() -> None:
    (message,) = prompts.analyze(" so-so ")

    assert message.content.endswith("\n\n so-so ")
    assert all(label in message.content for label in prompts.SENTIMENTS)


def test_a_server_that_cannot_continue_is_asked_for_the_rest() -> None:
    history = [Message(Role.USER, "Count"), Message(Role.ASSISTANT, "One two")]
    *kept, request = prompts.go_on(history)
    assert kept == history
    assert request.role is Role.USER


@pytest.mark.parametrize(
    ("written", "rest", "between"),
    [
        ("One two", "three", " "), ("One,", "two", " "), ("été", "à", " "), ("One ", "two", ""), ("One", " two", ""),
        ("One", ", two", ""), ("一二", "三", ""), ("一二", "three", ""), ("(", "one", ""),
        ("One", "", ""), ("", "One", ""),
    ],
)  # fmt: skip
def test_the_rest_begins_with_a_space_where_words_would_run_together(written: str, rest: str, between: str) -> None:
    assert prompts.seam(written, rest) == between


def test_a_text_is_asked_for_in_one_message_with_what_was_chosen() -> None:
    [asked] = prompts.write("the sea.", kind="story", language="en", words=150, tone="playful")
    assert asked.role is Role.USER
    assert asked.content.splitlines() == [
        "Write a short story about the sea.",
        "Length: about 150 words.",
        "Tone: playful.",
        "Reply with the text only.",
    ]


def test_a_chinese_text_is_asked_for_in_chinese_and_every_other_in_english() -> None:
    assert "写一篇关于海的文章" in prompts.write("海", kind="article", language="zh-Hans")[0].content
    assert "Language: German." in prompts.write("das Meer", kind="article", language="de")[0].content
    assert "繁體中文" in prompts.write("海", kind="article", language="zh-Hant")[0].content


def test_code_is_asked_for_without_length_and_tone() -> None:
    [asked] = prompts.write("Sort {a list}", kind="code", language="en", words=400, tone="formal")
    assert "Write code for this: Sort {a list}" in asked.content
    assert "400" not in asked.content
    assert "formal" not in asked.content


@pytest.mark.parametrize("kind", prompts.KINDS)
@pytest.mark.parametrize("language", ["en", "zh-Hans", "fr"])
@pytest.mark.parametrize("tone", prompts.TONES)
def test_every_kind_can_be_asked_for_in_every_tone(kind: str, language: str, tone: str) -> None:
    assert prompts.write("it", kind=kind, language=language, words=100, tone=tone)[0].content


def test_a_text_goes_on_as_the_answer_to_what_was_asked_and_its_end_is_the_last_to_be_left_out() -> None:
    text = " ".join(f"word{number}" for number in range(2000))
    turns = prompts.write_on(prompts.write("words", kind="article", language="en"), text, language="en")
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT] * ((len(turns) - 1) // 2) + [Role.USER]
    pieces = [turn.content for turn in turns if turn.role is Role.ASSISTANT]
    assert "".join(pieces) == text
    assert len(pieces[-1]) <= 400
    assert all(len(later) < len(earlier) for earlier, later in itertools.pairwise(pieces[1:]))


def test_of_a_very_long_text_the_end_goes_along() -> None:
    turns = prompts.write_on(prompts.write("x", kind="article", language="zh-Hans"), "字" * 10**6, language="zh-Hans")
    assert 20_000 < sum(len(turn.content) for turn in turns) < 60_000
    assert turns[-1].content.startswith("从文章结束的地方接着写")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"change": "shorten"}, "half as long"),
        ({"change": "lengthen"}, "twice as long"),
        ({"change": "rewrite"}, "Rewrite this text."),
        ({"change": "tone", "tone": "formal"}, "Tone: formal."),
        ({"change": "change", "instruction": "Say {it} in verse"}, "as follows: Say {it} in verse"),
    ],
)
def test_a_part_of_a_text_is_asked_for_in_other_words(asked: dict[str, str], words: str) -> None:
    [request] = prompts.write_anew("A {part}.", language="en", **asked)
    assert words in request.content
    assert request.content.endswith("Text:\nA {part}.")


def test_what_stands_before_a_part_is_a_turn_that_may_be_left_out() -> None:
    turns = prompts.write_anew("part", language="en", change="shorten", around="What came before.")
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert turns[1].content == "What came before."
