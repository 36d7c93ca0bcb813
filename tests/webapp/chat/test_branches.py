"""Several answers to one message: each stays, one is shown."""

import pytest

from tests.webapp.chat import talk
from webapp.chat import services, thread
from webapp.chat.models import Message
from webapp.generation.models import Status

pytestmark = pytest.mark.django_db


def test_another_answer_stands_beside_the_first_and_is_shown(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    second = services.regenerate(reply=first)
    talk.end(conversation, "Good morning")
    assert second.parent_id == first.parent_id
    assert talk.shown(conversation) == ["Hello", "Good morning"]
    reply = thread.shown(conversation)[-1]
    assert (reply.sibling_ids, reply.place) == ((first.pk, second.pk), 2)
    assert (reply.earlier_sibling, reply.later_sibling) == (first.pk, None)


def test_another_answer_does_not_see_the_first(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    assert services.regenerate(reply=first).generation.prompt == [{"role": "user", "content": "Hello"}]


def test_while_a_reply_is_being_written_no_other_can_be_asked_for(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    talk.ask(conversation, "And?")
    with pytest.raises(services.Busy):
        services.regenerate(reply=first)
    assert talk.shown(conversation) == ["Hello", "Hi", "And?", ""]


def test_a_failed_reply_can_be_tried_again(conversation):
    talk.ask(conversation, "Hello")
    failed = talk.end(conversation, "", Status.FAILED)
    services.regenerate(reply=failed)
    talk.end(conversation, "Hi")
    assert talk.shown(conversation) == ["Hello", "Hi"]


def test_an_answer_in_the_middle_opens_a_new_end_and_loses_nothing(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    _question, last = talk.exchange(conversation, "More", "And more")
    services.regenerate(reply=first)
    talk.end(conversation, "Good morning")
    talk.exchange(conversation, "Else", "Something else")
    assert talk.shown(conversation) == ["Hello", "Good morning", "Else", "Something else"]
    services.show_branch(message=first)
    assert talk.shown(conversation) == ["Hello", "Hi", "More", "And more"]
    assert Message.objects.filter(pk=last.pk).exists()


def test_what_is_said_next_goes_on_from_the_answer_that_is_shown(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    services.regenerate(reply=first)
    talk.end(conversation, "Good morning")
    services.show_branch(message=first)
    assert talk.ask(conversation.__class__.objects.get(), "More").parent == first
    assert talk.shown(conversation) == ["Hello", "Hi", "More", ""]


def test_a_branch_is_shown_to_its_newest_end(conversation):
    _question, first = talk.exchange(conversation, "Hello", "Hi")
    talk.exchange(conversation, "More", "old")
    services.regenerate(reply=Message.objects.get(generation__text="old"))
    talk.end(conversation, "new")
    services.show_branch(message=first)
    assert talk.shown(conversation) == ["Hello", "Hi", "More", "new"]
