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
        ("sw", "en", "from sw into"),
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
