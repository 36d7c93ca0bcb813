"""What is said is stored once and answered in order."""

import uuid

import pytest

from tests.webapp.chat import talk
from webapp.chat import keeping, services, titles
from webapp.chat.models import Conversation, Message
from webapp.generation.models import Generation, Status

pytestmark = pytest.mark.django_db


def prompt_of(reply: Message) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in reply.generation.prompt]


def statuses(conversation: Conversation) -> list[tuple[str, str]]:
    return [(m.text, m.status) for m in conversation.messages.order_by("pk").select_related("generation")]


def test_a_message_asks_for_a_reply_with_what_was_said_before(conversation, settings):
    talk.exchange(conversation, "Hello", "Hi there")
    question = talk.ask(conversation, "Who are you?")
    reply = question.children.get()
    assert prompt_of(reply) == [("user", "Hello"), ("assistant", "Hi there"), ("user", "Who are you?")]
    assert reply.status == Status.QUEUED
    assert reply.generation.channel == conversation.channel
    assert reply.generation.model == settings.SERVED_MODEL
    assert reply.generation.params == {"max_tokens": settings.MAX_REPLY_TOKENS}
    assert reply.generation.cache_salt == f"team-{conversation.team_id}"


def test_a_reply_without_words_is_left_out_of_the_prompt(conversation):
    talk.ask(conversation, "Hello")
    talk.end(conversation, "", Status.FAILED)
    assert prompt_of(talk.ask(conversation, "Again").children.get()) == [("user", "Hello"), ("user", "Again")]


def test_what_is_written_while_a_reply_is_being_written_waits(conversation):
    talk.ask(conversation, "First")
    second = talk.ask(conversation, "Second")
    assert second.waiting
    assert not second.children.exists()
    assert Generation.objects.count() == 1


def test_messages_that_wait_are_answered_one_by_one_in_order(conversation, bob):
    talk.ask(conversation, "one")
    talk.ask(conversation, "two", bob)
    talk.ask(conversation, "three")
    assert talk.shown(conversation) == ["one", "", "two", "three"]
    talk.end(conversation, "ONE")
    assert statuses(conversation)[2:] == [("two", "done"), ("three", "queued"), ("", "queued")]
    assert talk.shown(conversation) == ["one", "ONE", "two", "", "three"]
    talk.end(conversation, "TWO")
    assert prompt_of(services.active_message(conversation))[1:] == [
        ("assistant", "ONE"), ("user", "two"), ("assistant", "TWO"), ("user", "three"),
    ]  # fmt: skip
    talk.end(conversation, "THREE")
    assert talk.shown(conversation) == ["one", "ONE", "two", "TWO", "three", "THREE"]
    assert services.active_message(conversation) is None


@pytest.mark.parametrize("status", [Status.FAILED, Status.STOPPED])
def test_a_message_that_waits_is_answered_also_when_the_reply_before_it_fails(conversation, status):
    talk.ask(conversation, "one")
    talk.ask(conversation, "two")
    talk.end(conversation, "ON", status)
    assert prompt_of(services.active_message(conversation)) == [("user", "one"), ("assistant", "ON"), ("user", "two")]


def test_stopping_a_reply_that_no_worker_has_yet_lets_the_next_message_have_its_turn(conversation):
    talk.ask(conversation, "one")
    talk.ask(conversation, "two")
    services.stop(conversation=conversation)
    assert statuses(conversation) == [("one", "done"), ("", "stopped"), ("two", "done"), ("", "queued")]


def test_stopping_where_nothing_is_written_changes_nothing(conversation):
    talk.exchange(conversation, "Hello", "Hi")
    services.stop(conversation=conversation)
    assert statuses(conversation) == [("Hello", "done"), ("Hi", "done")]


def test_a_message_that_is_sent_twice_is_stored_once(conversation):
    client_id = uuid.uuid4()
    first = talk.ask(conversation, "Hello", client_id=client_id)
    assert talk.ask(conversation, "Hello", client_id=client_id) == first
    assert talk.shown(conversation) == ["Hello", ""]
    assert Generation.objects.count() == 1


def test_the_same_words_may_be_said_twice(conversation):
    talk.exchange(conversation, "Hello", "Hi")
    talk.ask(conversation, "Hello", client_id=uuid.uuid4())
    assert talk.shown(conversation) == ["Hello", "Hi", "Hello", ""]


def test_one_persons_message_id_does_not_hide_a_message_in_another_conversation(conversation, shared):
    client_id = uuid.uuid4()
    talk.ask(conversation, "Here", client_id=client_id)
    talk.ask(shared, "There", client_id=client_id)
    assert talk.shown(shared) == ["There", ""]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  What\n is\tthis? ", "What is this?"),
        ("word " * 40, "word " * 11 + "word…"),
        ("字" * 70, "字" * 59 + "…"),
    ],
)
def test_the_first_message_gives_the_title(conversation, text, title):
    talk.ask(conversation, text)
    conversation.refresh_from_db()
    assert conversation.title == title
    assert len(title) <= titles.LONGEST


def test_later_messages_and_a_chosen_title_leave_it(conversation):
    services.rename(conversation=conversation, title="Chosen")
    talk.ask(conversation, "Hello")
    conversation.refresh_from_db()
    assert str(conversation) == "Chosen"


def test_every_change_gives_the_conversation_a_new_revision(conversation):
    changes = [
        lambda: talk.ask(conversation, "Hello"),
        lambda: talk.end(conversation, "Hi"),
        lambda: services.regenerate(reply=Message.objects.get(role="assistant")),
        lambda: services.stop(conversation=conversation),
        lambda: services.show_branch(message=Message.objects.filter(role="assistant").first()),
        lambda: services.rename(conversation=conversation, title="New"),
        lambda: services.share(conversation=conversation, shared=True),
    ]
    for before, change in enumerate(changes):
        conversation.refresh_from_db()
        assert conversation.revision == before
        change()
    conversation.refresh_from_db()
    assert conversation.revision == len(changes)


def test_purging_a_conversation_deletes_its_replies_and_no_other(conversation, shared):
    talk.exchange(shared, "Stays", "Yes")
    talk.exchange(conversation, "Goes", "Yes")
    talk.ask(conversation, "Being answered")
    talk.ask(conversation, "Waiting")
    keeping.delete(conversation=conversation)
    assert keeping.purge(conversation=conversation)
    assert [generation.text for generation in Generation.objects.all()] == ["Yes"]
    assert talk.shown(shared) == ["Stays", "Yes"]
    assert list(Conversation.objects.all()) == [shared]
