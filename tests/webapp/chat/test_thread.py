"""The path of messages that is shown, from the first to the leaf."""

import pytest

from tests.webapp.chat import talk
from webapp.chat import services, thread
from webapp.chat.models import Conversation, Message, Role

pytestmark = pytest.mark.django_db


def chain(conversation: Conversation, length: int) -> list[Message]:
    """Questions and answers in turn, each after the one before."""
    messages: list[Message] = []
    for number in range(length):
        role = Role.ASSISTANT if number % 2 else Role.USER
        parent = messages[-1] if messages else None
        messages.append(
            Message.objects.create(conversation=conversation, parent=parent, role=role, content=str(number))
        )
    conversation.leaf = messages[-1]
    conversation.save()
    return messages


def test_an_empty_conversation_shows_nothing(conversation):
    assert thread.shown(conversation) == []


def test_a_long_conversation_shows_its_last_messages(conversation):
    messages = chain(conversation, 100)
    assert [m.pk for m in thread.shown(conversation)] == [m.pk for m in messages[-thread.WINDOW :]]


def test_older_messages_are_those_up_to_the_one_before(conversation):
    messages = chain(conversation, 100)
    before = thread.shown(conversation)[0].parent_id
    assert [m.content for m in thread.messages_up_to(before)] == [str(number) for number in range(40)]
    assert thread.messages_up_to(messages[0].pk)[0].parent_id is None


def test_a_window_of_one_is_the_leaf(conversation):
    chain(conversation, 5)
    assert [m.content for m in thread.shown(conversation, 1)] == ["4"]


def test_only_the_path_to_the_leaf_is_shown(conversation, shared):
    first, second, third = chain(conversation, 3)
    Message.objects.create(conversation=conversation, parent=first, role=Role.ASSISTANT, content="beside")
    chain(shared, 2)
    assert [m.pk for m in thread.shown(conversation)] == [first.pk, second.pk, third.pk]


def test_each_message_knows_what_stands_in_its_place_in_the_order_it_was_made(conversation):
    first, second, third = chain(conversation, 3)
    beside = Message.objects.create(conversation=conversation, parent=first, role=Role.ASSISTANT)
    another = Message.objects.create(conversation=conversation, parent=first, role=Role.ASSISTANT)
    assert [m.sibling_ids for m in thread.shown(conversation)] == [
        (first.pk,), (second.pk, beside.pk, another.pk), (third.pk,),
    ]  # fmt: skip


def test_several_first_messages_are_siblings_in_their_conversation_only(conversation, shared):
    (first,) = chain(conversation, 1)
    chain(shared, 1)
    other = Message.objects.create(conversation=conversation, role=Role.USER, content="another beginning")
    (found,) = thread.shown(conversation)
    assert found.sibling_ids == (first.pk, other.pk)


def test_siblings_know_their_neighbours(conversation):
    first, second = chain(conversation, 2)
    third = Message.objects.create(conversation=conversation, parent=first, role=Role.ASSISTANT)
    shown = thread.shown(conversation)[1]
    assert (shown.place, shown.earlier_sibling, shown.later_sibling) == (1, None, third.pk)
    later = thread.messages_up_to(third.pk)[1]
    assert (later.place, later.earlier_sibling, later.later_sibling) == (2, second.pk, None)


def test_the_deepest_message_is_at_the_end_of_the_newest_branch(conversation):
    messages = chain(conversation, 6)
    newest = Message.objects.create(conversation=conversation, parent=messages[2], role=Role.ASSISTANT)
    assert thread.deepest(messages[0]) == newest
    assert thread.deepest(messages[3]) == messages[5]


def test_a_long_path_takes_one_query(conversation, django_assert_num_queries):
    chain(conversation, 50)
    with django_assert_num_queries(1):
        thread.shown(conversation)


def test_the_prompt_of_a_long_conversation_holds_its_last_turns(conversation):
    chain(conversation, services.TURNS_SENT + 20)
    question = talk.ask(conversation, "Now")
    prompt = question.children.get().generation.prompt
    assert len(prompt) == services.TURNS_SENT
    assert prompt[-1]["content"] == "Now"
