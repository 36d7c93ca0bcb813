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
