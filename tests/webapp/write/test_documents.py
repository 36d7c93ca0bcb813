"""The steps of a document's making: each is a version, and nothing but what was asked for changes."""

import uuid

import pytest
from django.http import Http404

from tests.webapp.chat import talk
from tests.webapp.write import pages
from webapp.accounts.models import User
from webapp.chat import services as chat
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.generation.models import Failure, Generation, Status
from webapp.write import services
from webapp.write.selection import Selection
from webapp.write.versions import Action, next_version_id, versions_in, versions_page

pytestmark = pytest.mark.django_db


def asked(document: Conversation) -> Generation:
    reply = chat.active_message(document)
    assert reply is not None
    assert reply.generation is not None
    return reply.generation


def prompt(document: Conversation) -> str:
    return "\n".join(message.content for message in asked(document).messages())


def of(text: str, words: str) -> Selection:
    return Selection(span=(text.index(words), text.index(words) + len(words)))


def test_a_document_begins_with_what_was_asked_for(alice: User) -> None:
    document = pages.begin(alice, "the sea", kind="story", words=150, tone="playful")
    assert (document.task, pages.fresh(document).title, document.shared) == (Task.WRITE, "the sea", False)
    assert "short story about the sea" in prompt(document)
    assert "about 150 words" in prompt(document)
    assert "playful" in prompt(document)
    assert pages.version(document).active
    assert pages.answer(document, "Waves.\n") == "Waves."


def test_a_form_that_is_sent_twice_makes_one_document(alice: User) -> None:
    team, client_id = alice.memberships.get().team, uuid.uuid4()
    wanted = {"team": team, "author": alice, "topic": "Tea", "brief": pages.BRIEF, "client_id": client_id}
    assert services.create_document(**wanted).pk == services.create_document(**wanted).pk
    assert Conversation.objects.count() == 1


def test_a_changed_selection_leaves_the_rest_as_it_was_character_for_character(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "rewrite", selection=of(pages.THREE, "fine"))
    assert "Text:\nfine" in prompt(document)
    assert pages.answer(document, " bright\n") == pages.THREE.replace("fine", "bright")


def test_points_on_the_page_select_as_offsets_do(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "shorten", selection=Selection(points=((2, 0), (2, 7))))
    assert pages.answer(document, "Last") == pages.THREE.replace("The last", "Last")


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        ("shorten", {}, "half as long"),
        ("lengthen", {}, "twice as long"),
        ("rewrite", {}, "Rewrite this text"),
        ("tone", {"tone": "formal"}, "Tone: formal"),
        ("change", {"instruction": "Add a cat"}, "as follows: Add a cat"),
    ],
)
def test_the_whole_text_changes_where_nothing_is_selected(alice: User, action: str, more: dict, words: str) -> None:
    document = pages.write(alice)
    pages.ask(document, action, **more)
    assert words in prompt(document)
    assert pages.THREE in prompt(document)
    assert pages.answer(document, "All new.") == "All new."


def test_a_text_goes_on_from_its_end(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "continue")
    assert [turn.role for turn in asked(document).messages()] == ["user", "assistant", "user"]
    assert pages.answer(document, "And more.") == f"{pages.THREE}\n\nAnd more."


def test_a_reply_that_was_stopped_goes_on_itself(alice: User) -> None:
    document = pages.begin(alice)
    assert pages.answer(document, "It breaks off in", Status.STOPPED) == "It breaks off in"
    pages.ask(document, "continue")
    assert asked(document).text == "It breaks off in"
    assert versions_in(document).count() == 1
    assert pages.answer(document, "It breaks off in the middle.") == "It breaks off in the middle."


def test_a_reply_that_filled_the_context_goes_on_in_a_request_of_its_own(alice: User) -> None:
    document = pages.begin(alice)
    Generation.objects.update(prompt_tokens=50, completion_tokens=10**6)
    talk.end(document, "Word " * 20)
    Generation.objects.update(finish_reason="length")
    pages.ask(document, "continue")
    assert pages.answer(document, "after word.") == "Word " * 20 + "after word."


def test_a_long_text_goes_along_as_far_as_turns_that_can_be_left_out(alice: User) -> None:
    document = pages.write(alice, "A sentence of the text. " * 5000)
    pages.ask(document, "continue")
    turns = asked(document).messages()
    replies = [len(turn.content) for turn in turns if turn.role == "assistant"]
    assert replies == sorted(replies, reverse=True)
    assert replies[-1] <= 400 < replies[0] <= 26_000


def test_a_reply_asks_for_no_more_than_half_of_the_context(alice: User, settings) -> None:
    settings.CONTEXT_TOKENS = 1024
    document = pages.begin(alice, words=5000)
    assert asked(document).params["max_tokens"] == 512
    assert asked(document).model == settings.SERVED_MODEL


def test_a_failed_change_leaves_the_text_and_says_why(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "shorten")
    assert pages.answer(document, "", Status.FAILED) == pages.THREE
    Generation.objects.filter(status=Status.FAILED).update(failure=Failure.TOO_LONG)
    assert "Select a part" in str(pages.version(document).trouble)


def test_a_reply_without_a_word_changes_nothing(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "rewrite", selection=of(pages.THREE, "fine"))
    assert pages.answer(document, " \n") == pages.THREE
    assert pages.version(document).wrote_nothing


def test_an_edit_by_hand_is_a_version_and_the_next_change_starts_from_it(alice: User) -> None:
    document = pages.write(alice)
    base = pages.version(document).message.pk
    services.save_edit(conversation=document, author=alice, base=base, text="By hand.")
    assert (pages.text(document), pages.version(document).action) == ("By hand.", Action.EDIT)
    pages.ask(document, "continue")
    assert pages.answer(document, "By machine.") == "By hand.\n\nBy machine."


def test_saving_what_is_not_different_makes_no_version(alice: User) -> None:
    document = pages.write(alice)
    services.save_edit(conversation=document, author=alice, base=pages.version(document).message.pk, text=pages.THREE)
    assert versions_in(document).count() == 1


def test_a_change_from_the_editor_keeps_what_was_typed_as_a_version(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "rewrite", text="Typed by hand.", selection=of("Typed by hand.", "hand"))
    assert pages.answer(document, "foot") == "Typed by foot."
    assert [row.action for row in versions_page(document)] == [Action.REWRITE, Action.EDIT, Action.WRITE]


def test_who_edits_an_older_version_is_told_whose_the_newer_is(alice: User, bob: User) -> None:
    document = pages.write(alice, shared=True)
    base = pages.version(document).message.pk
    services.save_edit(conversation=document, author=bob, base=base, text="Bob's.")
    with pytest.raises(services.Changed) as changed:
        services.save_edit(conversation=document, author=alice, base=base, text="Alice's.")
    assert changed.value.version.request.author == bob
    with pytest.raises(services.Changed):
        services.change(conversation=document, author=alice, base=base, action="shorten")
    assert pages.text(document) == "Bob's."


def test_while_a_text_is_written_nothing_else_changes_it(alice: User) -> None:
    document = pages.begin(alice)
    base = pages.version(document).message.pk
    with pytest.raises(services.Busy):
        services.change(conversation=document, author=alice, base=base, action="shorten")
    with pytest.raises(services.Busy):
        services.save_edit(conversation=document, author=alice, base=base, text="Mine.")
    with pytest.raises(services.Busy):
        services.go_to(version=Message.objects.get(pk=base))


def test_undo_and_redo_walk_the_versions_and_lose_none(alice: User) -> None:
    document = pages.write(alice, "One.")
    first = pages.version(document)
    pages.ask(document, "continue")
    assert pages.answer(document, "Two.") == "One.\n\nTwo."
    second = pages.version(document)
    assert second.previous_id == first.message.pk
    services.go_to(version=first.message)
    assert pages.text(document) == "One."
    assert next_version_id(pages.version(document)) == second.message.pk
    pages.ask(document, "continue")
    assert pages.answer(document, "Three.") == "One.\n\nThree."
    assert versions_in(document).count() == 3
    services.go_to(version=second.message)
    assert pages.text(document) == "One.\n\nTwo."


def test_another_version_of_a_change_has_the_same_place(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "rewrite", selection=of(pages.THREE, "fine"))
    pages.answer(document, "bright")
    chat.regenerate(reply=pages.version(document).message)
    assert pages.answer(document, "grey") == pages.THREE.replace("fine", "grey")


def test_an_empty_text_cannot_be_changed(alice: User) -> None:
    document = pages.begin(alice)
    pages.answer(document, "", Status.FAILED)
    with pytest.raises(services.Empty):
        pages.ask(document, "shorten")


def test_a_deleted_reply_leaves_the_text_before_it(alice: User) -> None:
    document = pages.write(alice)
    pages.ask(document, "shorten")
    pages.answer(document, "Short.")
    request = pages.version(document).request
    Conversation.objects.filter(pk=document.pk).update(leaf=request)
    assert pages.text(document) == pages.THREE


def test_what_came_in_from_elsewhere_is_a_text_too(alice: User) -> None:
    document = chat.create_conversation(team=alice.memberships.get().team, author=alice, task=Task.WRITE)
    question = Message.objects.create(conversation=document, role=Role.USER, content="A poem")
    reply = Message.objects.create(conversation=document, parent=question, role=Role.ASSISTANT, content="Roses.")
    Conversation.objects.filter(pk=document.pk).update(leaf=reply)
    assert pages.text(document) == "Roses."
    pages.ask(document, "continue")
    assert pages.answer(document, "Violets.") == "Roses.\n\nViolets."


def test_a_message_of_the_chat_is_no_request_of_this_room(alice: User) -> None:
    document = pages.write(alice)
    with pytest.raises(Http404):
        talk.ask(document, "Hello?")
