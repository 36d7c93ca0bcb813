"""Where the history does not fit the model's context, the page says from where the model read."""

import pytest
from channels.db import database_sync_to_async

from tests.webapp.chat import talk
from tests.webapp.people import client_of
from tests.webapp.viewers import Look
from webapp.accounts.models import User
from webapp.chat import services, thread
from webapp.chat.models import Conversation, Message
from webapp.generation.models import Generation

LINE = "The model reads from here"
pytestmark = pytest.mark.django_db(transaction=True)


def exchange(conversation: Conversation, number: int, left_out: int = 0) -> None:
    talk.ask(conversation, f"Question {number}")
    active = services.active_message(conversation)
    assert active is not None
    assert active.generation is not None
    Generation.objects.filter(pk=active.generation.pk).update(turns_left_out=left_out)
    talk.end(conversation, f"Answer {number}")


def marked(messages: list[Message]) -> list[str]:
    return [message.text for message in messages if message.first_read]


def test_the_line_stands_before_the_first_message_that_was_read(alice: User, conversation: Conversation) -> None:
    for number in range(4):
        exchange(conversation, number, left_out=4 if number == 3 else 0)
    conversation.refresh_from_db()
    assert marked(thread.shown(conversation)) == ["Question 2"]
    page = client_of(alice).get(conversation.get_absolute_url()).text
    assert page.index("Answer 1") < page.index(LINE) < page.index("Question 2")
    assert page.count(LINE) == 1


def test_while_the_next_reply_is_written_it_stays(conversation: Conversation) -> None:
    for number in range(3):
        exchange(conversation, number, left_out=2 if number == 2 else 0)
    talk.ask(conversation, "Question 3")
    conversation.refresh_from_db()
    assert marked(thread.shown(conversation)) == ["Question 1"]


def test_where_all_was_read_there_is_no_line(alice: User, conversation: Conversation) -> None:
    exchange(conversation, 0)
    assert LINE not in client_of(alice).get(conversation.get_absolute_url()).text


def test_above_what_the_page_shows_it_comes_with_the_older_messages(alice: User, conversation: Conversation) -> None:
    for number in range(36):
        exchange(conversation, number, left_out=4 if number == 35 else 0)
    browser = client_of(alice)
    assert LINE not in browser.get(conversation.get_absolute_url()).text
    first = thread.shown(Conversation.objects.get(pk=conversation.pk))[0]
    older = browser.get(f"/chat/{conversation.pk}/older/{first.parent_id}/").text
    assert older.index("Answer 1<") < older.index(LINE) < older.index("Question 2<")


async def test_it_moves_while_one_looks_on(alice: User, conversation: Conversation, look: Look) -> None:
    for number in range(3):
        await database_sync_to_async(exchange)(conversation, number, left_out=2 if number == 2 else 0)
    tab = await look(alice, conversation.pk)
    await database_sync_to_async(exchange)(conversation, 3, left_out=4)
    await database_sync_to_async(services.rename)(conversation=conversation, title="New")
    html = await tab.hears_html(LINE)
    assert "Question 2" in html
