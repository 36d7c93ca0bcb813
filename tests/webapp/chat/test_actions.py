"""What one does with a message: word it anew, delete it, have it continued, say whether it was good."""

import pytest
from django.core.exceptions import PermissionDenied

from tests.webapp.chat import talk
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.chat import access, actions, services, thread
from webapp.chat.models import Conversation, Feedback, Message
from webapp.generation.models import Generation, Status

pytestmark = pytest.mark.django_db


def seen_by(user: User, message: Message) -> Message:
    """As that person's request finds it."""
    return access.message_for(user, message.conversation_id, message.pk, to="write")


# Another wording


def test_another_wording_opens_a_branch_with_a_reply_of_its_own(alice: User, conversation: Conversation) -> None:
    question, _ = talk.exchange(conversation, "Hello", "Hi")
    talk.exchange(conversation, "More", "And more")
    actions.edit_message(message=question, author=alice, text="Good day")
    talk.end(conversation, "Good day to you")
    assert talk.shown(conversation) == ["Good day", "Good day to you"]
    services.show_branch(message=question)
    assert talk.shown(conversation) == ["Hello", "Hi", "More", "And more"]
    assert thread.shown(conversation)[0].sibling_ids == tuple(
        conversation.messages.filter(parent=None).order_by("pk").values_list("pk", flat=True)
    )


def test_another_wording_in_the_middle_keeps_what_came_before(alice: User, conversation: Conversation) -> None:
    talk.exchange(conversation, "Hello", "Hi")
    question, _ = talk.exchange(conversation, "More", "And more")
    reply = actions.edit_message(message=question, author=alice, text="Less").children.get()
    assert [turn["content"] for turn in reply.generation.prompt] == ["Hello", "Hi", "Less"]


def test_a_colleagues_wording_bears_the_colleagues_name(bob: User, shared: Conversation) -> None:
    question, _ = talk.exchange(shared, "Hello", "Hi")
    assert actions.edit_message(message=question, author=bob, text="Good day").author == bob


def test_while_a_reply_is_written_no_branch_is_opened(alice: User, conversation: Conversation) -> None:
    question, _ = talk.exchange(conversation, "Hello", "Hi")
    talk.ask(conversation, "And?")
    answer = client_of(alice).post(f"/chat/{conversation.pk}/messages/{question.pk}/edit/", {"text": "Good day"})
    assert (answer.status_code, answer.json()["error"][:25]) == (409, "A reply is being written.")
    assert talk.shown(conversation) == ["Hello", "Hi", "And?", ""]


def test_an_empty_wording_is_refused_with_a_sentence(alice: User, conversation: Conversation) -> None:
    question, _ = talk.exchange(conversation, "Hello", "Hi")
    answer = client_of(alice).post(f"/chat/{conversation.pk}/messages/{question.pk}/edit/", {"text": "  "})
    assert (answer.status_code, answer.json()) == (422, {"error": "Write something first."})


def test_a_waiting_message_is_changed_itself_and_by_its_author_alone(
    alice: User, bob: User, shared: Conversation
) -> None:
    talk.ask(shared, "Hello")
    waiting = talk.ask(shared, "Then", bob)
    with pytest.raises(PermissionDenied):
        actions.edit_message(message=waiting, author=alice, text="Mine now")
    actions.edit_message(message=waiting, author=bob, text="Then what?")
    talk.end(shared, "Hi")
    assert talk.shown(shared) == ["Hello", "Hi", "Then what?", ""]


# Deleting


def test_a_message_goes_with_all_that_follows_it_in_every_branch(alice: User, conversation: Conversation) -> None:
    talk.exchange(conversation, "Hello", "Hi")
    question, reply = talk.exchange(conversation, "More", "And more")
    services.regenerate(reply=reply)
    talk.end(conversation, "Other")
    actions.delete_message(message=seen_by(alice, question), user=alice)
    assert talk.shown(conversation) == ["Hello", "Hi"]
    assert (conversation.messages.count(), Generation.objects.count()) == (2, 1)


def test_where_another_answer_is_left_it_is_shown(alice: User, conversation: Conversation) -> None:
    _, first = talk.exchange(conversation, "Hello", "Hi")
    services.regenerate(reply=first)
    second = talk.end(conversation, "Good day")
    actions.delete_message(message=seen_by(alice, second), user=alice)
    assert talk.shown(conversation) == ["Hello", "Hi"]


def test_a_question_whose_only_reply_was_deleted_can_get_one(alice: User, conversation: Conversation) -> None:
    question, reply = talk.exchange(conversation, "Hello", "Hi")
    actions.delete_message(message=seen_by(alice, reply), user=alice)
    assert talk.shown(conversation) == ["Hello"]
    services.regenerate(reply=question)
    talk.end(conversation, "Hi again")
    assert talk.shown(conversation) == ["Hello", "Hi again"]


def test_a_waiting_message_goes_alone(alice: User, conversation: Conversation) -> None:
    talk.ask(conversation, "one")
    two = talk.ask(conversation, "two")
    talk.ask(conversation, "three")
    actions.delete_message(message=seen_by(alice, two), user=alice)
    talk.end(conversation, "first")
    talk.end(conversation, "third")
    assert talk.shown(conversation) == ["one", "first", "three", "third"]


def test_a_reply_that_is_being_written_is_not_deleted(alice: User, conversation: Conversation) -> None:
    question = talk.ask(conversation, "Hello")
    with pytest.raises(services.Busy):
        actions.delete_message(message=seen_by(alice, question), user=alice)
    assert talk.shown(conversation) == ["Hello", ""]


def test_a_member_deletes_only_their_own_words_and_nobody_elses_below(
    alice: User, bob: User, shared: Conversation
) -> None:
    question, reply = talk.exchange(shared, "Hello", "Hi")
    mine = talk.ask(shared, "Bob here", bob)
    talk.end(shared, "Hi Bob")
    for other in (question, reply):
        with pytest.raises(PermissionDenied):
            actions.delete_message(message=seen_by(bob, other), user=bob)
    below = talk.ask(shared, "And Alice again", alice)
    talk.end(shared, "Hi both")
    with pytest.raises(actions.NotAlone):
        actions.delete_message(message=seen_by(bob, mine), user=bob)
    actions.delete_message(message=seen_by(alice, below), user=alice)
    actions.delete_message(message=seen_by(bob, mine), user=bob)
    assert talk.shown(shared) == ["Hello", "Hi"]


# Continuing


def cut_off(conversation: Conversation, text: str) -> Message:
    reply = talk.end(conversation, text)
    Generation.objects.update(finish_reason="length")
    return Message.objects.get(pk=reply.pk)


def test_a_cut_off_reply_is_asked_for_once_more_with_its_text(conversation: Conversation) -> None:
    talk.ask(conversation, "Tell me")
    reply = cut_off(conversation, "Once upon a ")
    actions.continue_reply(reply=reply)
    assert services.active_message(conversation) == reply
    assert talk.shown(conversation) == ["Tell me", "Once upon a"]


@pytest.mark.parametrize("status", [Status.STOPPED, Status.FAILED])
def test_a_stopped_or_failed_one_too(conversation: Conversation, status: Status) -> None:
    talk.ask(conversation, "Tell me")
    actions.continue_reply(reply=talk.end(conversation, "Once", status))
    assert services.active_message(conversation) is not None


@pytest.mark.parametrize("text", ["The end.", ""])
def test_a_whole_reply_and_an_empty_one_are_not(conversation: Conversation, text: str) -> None:
    talk.ask(conversation, "Tell me")
    reply = talk.end(conversation, text, Status.DONE if text else Status.STOPPED)
    with pytest.raises(actions.Whole):
        actions.continue_reply(reply=reply)


def test_nor_one_from_which_the_conversation_has_gone_on(conversation: Conversation) -> None:
    talk.ask(conversation, "Tell me")
    reply = talk.end(conversation, "Once", Status.STOPPED)
    talk.exchange(conversation, "And?", "That was it")
    with pytest.raises(actions.Whole):
        actions.continue_reply(reply=reply)


# Feedback


def address(reply: Message) -> str:
    return f"/chat/{reply.conversation_id}/messages/{reply.pk}/feedback/"


def test_thumb_and_correction_are_kept_apart_and_can_be_changed(alice: User, conversation: Conversation) -> None:
    _, reply = talk.exchange(conversation, "Hello", "Hi")
    browser = client_of(alice)
    for said in ({"thumb": "-1"}, {"correction": "Good day"}, {"thumb": "1"}, {"thumb": "1"}):
        browser.post(address(reply), said)
    mine = Feedback.objects.get()
    assert (mine.author, mine.thumb, mine.correction) == (alice, 1, "Good day")
    browser.post(address(reply), {"thumb": "0"})
    browser.post(address(reply), {"correction": "Hi"})  # the answer itself is no correction
    mine.refresh_from_db()
    assert (mine.thumb, mine.correction) == (0, "")


def test_each_sees_their_own_word_and_nobody_elses(alice: User, bob: User, shared: Conversation) -> None:
    _, reply = talk.exchange(shared, "Hello", "Hi")
    client_of(alice).post(address(reply), {"thumb": "-1", "correction": "Alice's secret answer"})
    pages = {user: client_of(user).get(shared.get_absolute_url()).text for user in (alice, bob)}
    assert [pages[user].count('aria-pressed="true"') for user in (alice, bob)] == [2, 0]
    assert "secret" not in client_of(bob).get(address(reply)).text
    assert "secret" in client_of(alice).get(address(reply)).text


def test_a_correction_that_is_too_long_comes_back_whole(alice: User, conversation: Conversation) -> None:
    _, reply = talk.exchange(conversation, "Hello", "Hi")
    text = "x" * 50_001
    answer = client_of(alice).post(address(reply), {"correction": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert text in answer.text
    assert "This is longer than 50000 characters (50001)." in answer.text
    assert not Feedback.objects.exists()
