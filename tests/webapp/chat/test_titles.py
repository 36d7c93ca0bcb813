"""Titles: of what a person wrote, and of what a model says when it is asked for one."""

import pytest
from channels.db import database_sync_to_async as do

from inference.fake import Fake, Script
from tests.webapp.chat import talk
from tests.webapp.workers import until, working
from webapp.chat import services, titles
from webapp.chat.models import Conversation
from webapp.generation.models import Generation, Status


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("What is\n\n  the name of this?", "What is the name of this?"),
        ("# Plan\n\n- **bold** item\n- [a link](https://a.b)", "Plan bold item a link"),
        ("Please fix `main.py`:\n```python\nprint(1)\n```\nThanks", "Please fix main.py: Thanks"),
        ("snake_case and 2 * 3 * 4 stay", "snake_case and 2 * 3 * 4 stay"),
        ("Write me a story. It should be about a fox who lives in a forest and has many friends.", "Write me a story."),
        ("请帮我写一封信。" + "要写得很长，" * 12, "请帮我写一封信。"),
        ("一二三四五六七八九十，" * 8, "一二三四五六七八九十，" * 4 + "一二三四五六七八九十…"),
        ("word " * 40, "word " * 11 + "word…"),
        ("字" * 70, "字" * 59 + "…"),
        ("```\ncode only\n```", "``` code only ```"),
        (" \n", ""),
    ],
)
def test_a_title_is_made_of_the_first_words(text, title):
    assert titles.from_text(text) == title
    assert len(title) <= titles.LONGEST


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ('"A fox in the forest"', "A fox in the forest"),
        ("Title: **Budget for May**\n\nI hope that helps!", "Budget for May"),
        ("<think>Hm, a title…</think>\n狐狸的故事。", "狐狸的故事"),
        ("标题：《会议安排》", "会议安排"),
        ("<think>never ends", ""),
        ("Sure! Here is a title for you that goes on and on and on and on", ""),
        ("", ""),
    ],
)
def test_a_models_answer_is_taken_for_a_title_only_when_it_is_one(reply, title):
    assert titles.from_reply(reply) == title


@pytest.fixture
def able(settings):
    """The served model is large enough to find titles."""
    settings.SERVED_MODEL = "larger"


def title_of(conversation: Conversation) -> str:
    return Conversation.objects.get(pk=conversation.pk).title


def asked_for_title(conversation: Conversation) -> Generation | None:
    return Generation.objects.filter(channel=f"title.{conversation.pk}").first()


def answer(generation: Generation, text: str, status: Status = Status.DONE) -> None:
    from webapp.generation import services as generation_services

    assert generation_services.end(generation, where={}, status=status, text=text)


@pytest.mark.django_db
def test_the_built_in_model_is_not_asked(conversation):
    talk.exchange(conversation, "Hello", "Hi")
    assert asked_for_title(conversation) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("able")
def test_a_larger_model_is_asked_once_behind_everybody_else(conversation):
    talk.exchange(conversation, "Tell me of foxes", "They are red.")
    asked = asked_for_title(conversation)
    assert asked.priority > 0
    assert "They are red." in asked.prompt[0]["content"]
    answer(asked, "Red foxes")
    assert title_of(conversation) == "Red foxes"
    assert asked_for_title(conversation) is None
    talk.exchange(conversation, "And wolves?", "Grey.")
    assert asked_for_title(conversation) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("able")
@pytest.mark.parametrize("status", [Status.FAILED, Status.STOPPED, Status.DONE])
def test_without_an_answer_the_first_words_stay(conversation, status):
    talk.exchange(conversation, "Tell me of foxes", "They are red.")
    answer(asked_for_title(conversation), "" if status == Status.DONE else "Half a", status)
    assert title_of(conversation) == "Tell me of foxes"


@pytest.mark.django_db
@pytest.mark.usefixtures("able")
def test_what_a_person_chose_stays(conversation):
    talk.exchange(conversation, "Tell me of foxes", "They are red.")
    services.rename(conversation=conversation, title="Mine")
    answer(asked_for_title(conversation), "Red foxes")
    assert title_of(conversation) == "Mine"


@pytest.mark.django_db
@pytest.mark.usefixtures("able")
def test_no_title_is_asked_for_where_a_person_chose_one_or_the_reply_failed(conversation, shared):
    services.rename(conversation=conversation, title="Mine")
    talk.exchange(conversation, "Tell me of foxes", "They are red.")
    assert asked_for_title(conversation) is None
    talk.ask(shared, "Hello")
    talk.end(shared, "", Status.FAILED)
    assert asked_for_title(shared) is None


@pytest.mark.django_db(transaction=True)
async def test_the_worker_finds_the_title_of_a_conversation(conversation, redis, settings):
    settings.SERVED_MODEL = "larger"
    async with Fake(Script(text="A short title"), model="larger") as fake, working(fake.url, redis):
        await do(talk.ask)(conversation, "Hello there, how are you?")
        await until(lambda: is_titled(conversation, "A short title"), "the title")


async def is_titled(conversation: Conversation, title: str) -> bool:
    return await do(title_of)(conversation) == title
