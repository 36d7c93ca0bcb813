"""What those who look on hear: whole replies, each piece once, and nothing that is not theirs."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import translation
from django.utils.translation import gettext
from redis.asyncio import Redis

from inference.fake import Fake, Script
from tests.webapp.chat import talk
from tests.webapp.chat.page import end_of, page_of
from tests.webapp.viewers import Look, Tab
from tests.webapp.workers import until
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.chat import consumers, keeping, services
from webapp.chat.models import Conversation
from webapp.generation import events, live
from webapp.generation.models import Generation, Status, Waiting
from webapp.generation.worker import Worker
from webapp.lib import markdown
from webapp.lib.groups import atell

pytestmark = pytest.mark.django_db(transaction=True)
STORY = "# A story\n\n" + " ".join(f"word{number}" for number in range(60)) + "\n\n- **one**\n- two\n"
ENDLESS = Script(text=STORY * 40, tokens_per_s=100)  # it takes half a minute; a test stops it when it has seen enough


async def do(change: Callable[..., Any], *args: Any, **values: Any) -> Any:
    return await database_sync_to_async(change)(*args, **values)


async def ask(tab: Tab, text: str) -> None:
    """As the composer does; returns when the server has it."""
    client_id = uuid.uuid4().hex
    await tab.say(text=text, client_id=client_id)
    said = await tab.hears(lambda said: isinstance(said, dict) and client_id in said.values())
    assert "posted" in said, said


async def begun(tab: Tab, words: int = 3) -> int:
    """The id of the message whose text grows, once so much of it is there."""
    said = await tab.hears_of("reply")

    async def enough() -> bool:
        return len(page_of(tab, said["reply"]).words.split()) >= words

    await until(enough, "the first words")
    return said["reply"]


async def has_grown(tab: Tab, count: int) -> bool:
    return len(tab.heard) >= count


async def texts(conversation: Conversation) -> list[str]:
    return await do(talk.shown, conversation)


async def test_who_asks_sees_the_message_and_the_reply_grow_to_its_end(
    alice: User, conversation: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = Script(text=STORY, tokens_per_s=100)
    tab = await look(alice, conversation.pk)
    await ask(tab, "Tell me")
    reply_id, page = await end_of(tab)
    assert page.blocks == markdown.render(STORY)
    assert page.status == "done"
    assert "tokens" in page.foot
    html = [said for said in tab.heard if isinstance(said, str)]
    assert sum("Tell me" in piece for piece in html) == 1
    assert sum(f'id="m{reply_id}"' in piece for piece in html) == 1
    pieces = [said for said in tab.heard if isinstance(said, dict) and said.get("reply") == reply_id]
    assert len(pieces) > 5


async def test_a_colleague_who_comes_in_the_middle_sees_the_same(
    alice: User, bob: User, shared: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = ENDLESS
    first = await look(alice, shared.pk)
    await ask(first, "Tell me")
    reply_id = await begun(first)
    second = await look(bob, shared.pk)
    said = await second.hears_of("reply")
    assert [op["op"] for op in said["ops"]][:2] == ["reset", "block"]
    pieces = len(second.heard)
    await until(partial(has_grown, second, pieces + 5), "more of it")
    await do(services.stop, conversation=shared)
    for tab in (first, second):
        ended, page = await end_of(tab)
        assert (ended, page.blocks) == (reply_id, markdown.render((await texts(shared))[1]))


async def test_a_second_tab_hears_of_what_the_first_one_says(
    alice: User, conversation: Conversation, worker: Worker, look: Look
) -> None:
    first, second = await look(alice, conversation.pk), await look(alice, conversation.pk)
    await ask(first, "Hello")
    assert "Hello" in await second.hears_html('data-role="user"')
    _, page = await end_of(second)
    assert page.blocks == markdown.render("You wrote: Hello")


async def test_the_title_that_the_first_message_gave_is_told(
    alice: User, conversation: Conversation, look: Look
) -> None:
    tab = await look(alice, conversation.pk)
    assert (await tab.hears_of("revision"))["title"] == "New chat"
    await ask(tab, "What is this?")
    assert (await tab.hears_of("revision"))["title"] == "What is this?"


async def test_a_page_that_missed_something_is_drawn_anew(alice: User, conversation: Conversation, look: Look) -> None:
    await do(talk.exchange, conversation, "Hello", "Hi there")
    tab = await look(alice, conversation.pk)
    await tab.say(revision="0")
    html = await tab.hears_html('id="messages"')
    assert 'hx-swap-oob="outerHTML"' in html
    assert "Hello" in html
    assert "Hi there" in html


async def test_a_page_that_missed_something_of_a_growing_reply_is_drawn_anew_and_it_goes_on_growing(
    alice: User, conversation: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = ENDLESS
    first = await look(alice, conversation.pk)
    await ask(first, "Tell me")
    reply_id = await begun(first)
    tab = await look(alice, conversation.pk)
    await tab.say(revision="0")
    await tab.hears_html('id="messages"')
    assert (await tab.hears_of("reply"))["ops"][0] == {"op": "reset"}
    await until(partial(has_grown, tab, len(tab.heard) + 5), "more of it")
    await do(services.stop, conversation=conversation)
    ended, page = await end_of(tab)
    assert (ended, page.blocks) == (reply_id, markdown.render((await texts(conversation))[1]))


async def test_a_page_that_missed_nothing_is_left_alone(alice: User, conversation: Conversation, look: Look) -> None:
    await do(talk.exchange, conversation, "Hello", "Hi there")
    tab = await look(alice, conversation.pk)
    revision = (await tab.hears_of("revision"))["revision"]
    await tab.say(revision=str(revision))
    await tab.say(text="")  # answered after it
    await tab.hears_of("refused")
    assert not [said for said in tab.heard if isinstance(said, str)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first."),
        (" \n ", "Write something first."),
        (None, "Write something first."),
        ("x" * 50_001, "This is longer than 50000 characters (50001). Send it in parts."),
        ("a\0b", "Null characters are not allowed."),
    ],
)
async def test_a_message_that_cannot_be_taken_is_refused_with_a_sentence(
    text: str | None, sentence: str, alice: User, conversation: Conversation, look: Look
) -> None:
    tab = await look(alice, conversation.pk)
    client_id = str(uuid.uuid4())
    await tab.say(text=text, client_id=client_id)
    assert await tab.hears_of("refused") == {"refused": client_id, "error": sentence}
    assert await texts(conversation) == []


async def test_a_message_that_is_sent_again_after_a_break_is_stored_once(
    alice: User, conversation: Conversation, look: Look
) -> None:
    client_id = str(uuid.uuid4())
    for _ in range(2):
        tab = await look(alice, conversation.pk)
        await tab.say(text="Hello", client_id=client_id)
        assert await tab.hears_of("posted") == {"posted": client_id}
    assert await texts(conversation) == ["Hello", ""]


@pytest.mark.parametrize("noise", ["", "no JSON", "[1]", "3", "null", "{}", "[" * 100_000, '{"text": "\\ud800"}'])
async def test_noise_is_passed_over(noise: str, alice: User, conversation: Conversation, look: Look) -> None:
    tab = await look(alice, conversation.pk)
    await tab.send(noise)
    await ask(tab, "Still there?")
    assert await texts(conversation) == ["Still there?", ""]


async def test_a_viewer_of_the_team_reads_but_cannot_write(
    alice: User, victor: User, shared: Conversation, worker: Worker, look: Look
) -> None:
    tab = await look(victor, shared.pk)
    await tab.say(text="May I?", client_id=None)
    assert (await tab.hears_of("refused"))["error"] == "You may read this conversation, but not write in it."
    await do(talk.ask, shared, "Hello", alice)
    assert "Hello" in await tab.hears_html()
    _, page = await end_of(tab)
    assert page.blocks == markdown.render("You wrote: Hello")
    assert "regenerate" not in page.foot
    assert await texts(shared) == ["Hello", "You wrote: Hello"]


async def test_each_sees_what_they_may_do(alice: User, victor: User, shared: Conversation, look: Look) -> None:
    await do(talk.ask, shared, "Hello")
    tabs = [await look(user, shared.pk) for user in (alice, victor)]
    await do(talk.end, shared, "Hi")
    await atell(shared.channel, {"type": "chat.changed"})
    feet = [(await end_of(tab))[1].foot for tab in tabs]
    assert ["regenerate" in foot for foot in feet] == [True, False]


async def test_messages_that_wait_are_told_and_answered_in_order(
    alice: User, conversation: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = Script(tokens_per_s=50)
    tab = await look(alice, conversation.pk)
    for text in ("one", "two", "three"):
        await ask(tab, text)
    ended = [(await end_of(tab))[1].blocks for _ in range(3)]
    assert ended == [markdown.render(f"You wrote: {text}") for text in ("one", "two", "three")]
    assert await texts(conversation) == ["one", "You wrote: one", "two", "You wrote: two", "three", "You wrote: three"]


async def test_another_viewer_may_stop_a_reply_and_what_was_written_stays(
    alice: User, bob: User, shared: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = ENDLESS
    first, second = await look(alice, shared.pk), await look(bob, shared.pk)
    await ask(first, "Tell me")
    await begun(second)
    answer = await do(second.browser.post, f"/chat/{shared.pk}/stop/")
    assert answer.status_code == 302
    pages = [(await end_of(tab))[1] for tab in (first, second)]
    text = (await texts(shared))[1]
    assert text
    assert (STORY * 40).startswith(text)
    for page in pages:
        assert (page.status, page.blocks) == ("stopped", markdown.render(text))
        assert "Stopped." in page.foot


async def test_another_answer_is_shown_to_everybody(
    alice: User, bob: User, shared: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    first, second = await look(alice, shared.pk), await look(bob, shared.pk)
    await ask(first, "Hello")
    reply_id, _ = await end_of(second)
    fake.script = Script(text="Another answer.")
    await do(first.browser.post, f"/chat/{shared.pk}/messages/{reply_id}/regenerate/")
    assert f'id="m{reply_id}"' not in await second.hears_html('id="messages"')
    ended, page = await end_of(second)
    assert ended != reply_id
    assert page.blocks == markdown.render("Another answer.")
    assert "2 / 2" in page.foot
    await do(first.browser.post, f"/chat/{shared.pk}/messages/{reply_id}/show/")
    html = await second.hears_html('id="messages"')
    assert "You wrote: Hello" in html
    assert "Another answer" not in html


async def test_a_failed_reply_says_why_and_offers_to_try_again(
    alice: User, conversation: Conversation, look: Look
) -> None:
    tab = await look(alice, conversation.pk)
    await ask(tab, "Hello")
    reply = await do(services.active_message, conversation)
    await do(
        services.generation_services.end, reply.generation,
        where={}, status=Status.FAILED, text="So far", failure="unavailable",
    )  # fmt: skip
    await atell(conversation.channel, events.ended(reply.generation_id))
    _, page = await end_of(tab)
    assert (page.status, page.blocks) == ("failed", markdown.render("So far"))
    assert "The engine could not be reached for too long." in page.foot
    assert "Retry" in page.foot


async def test_what_a_reply_waits_for_is_told(alice: User, conversation: Conversation, look: Look) -> None:
    await do(talk.ask, conversation, "Hello")
    tab = await look(alice, conversation.pk, language="zh-hans")
    reply = await do(services.active_message, conversation)
    await tab.hears_of("reply")
    await atell(conversation.channel, events.waiting(reply.generation_id, Waiting.ENGINE))
    with translation.override("zh-hans"):
        note = str(Waiting.ENGINE.label)
    assert "引擎" in note
    await tab.hears(lambda said: {"op": "note", "text": note} in said["ops"] if "ops" in said else False)


async def test_pieces_that_come_twice_late_or_never_cost_nothing(
    alice: User, conversation: Conversation, redis: Redis, look: Look
) -> None:
    await do(talk.ask, conversation, "Hello")
    reply = await do(services.active_message, conversation)
    text = "One two three four five."
    tab = await look(alice, conversation.pk)
    await redis.set(live.key(reply.generation_id), text)
    for start, end in ((0, 7), (0, 7), (4, 9), (14, 18), (9, 14), (18, 24)):
        await atell(conversation.channel, events.delta(reply.generation_id, start, text[start:end]))
    message_id = (await tab.hears_of("reply"))["reply"]

    async def is_whole() -> bool:
        return page_of(tab, message_id).words == text

    await until(is_whole, "the whole text")
    await do(talk.end, conversation, text)
    await atell(conversation.channel, events.ended(reply.generation_id))
    _, page = await end_of(tab)
    assert page.blocks == markdown.render(text)


async def test_a_browser_that_reads_slowly_is_brought_up_to_date_instead_of_told_every_piece(
    alice: User, conversation: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "word" * 100 for number in range(100))
    fake.script = Script(text=text, tokens_per_s=150)
    tab = await look(alice, conversation.pk)
    await ask(tab, "Tell me")
    await begun(tab)
    tab.reads.clear()

    async def ended() -> bool:
        return await do(Generation.objects.filter(status=Status.DONE).exists)

    await until(ended, "the end")
    heard = len(tab.heard)
    tab.reads.set()
    _, page = await end_of(tab)
    assert page.blocks == markdown.render(text)
    assert len(tab.heard) - heard < 10


async def test_pieces_of_a_reply_that_is_not_on_the_page_are_passed_over(
    alice: User, conversation: Conversation, shared: Conversation, look: Look
) -> None:
    await do(talk.ask, shared, "Hello")
    reply = await do(services.active_message, shared)
    tab = await look(alice, conversation.pk)
    await atell(conversation.channel, events.delta(reply.generation_id, 0, "Not yours"))
    await atell(conversation.channel, events.waiting(reply.generation_id, "busy"))
    await tab.say(text="")
    await tab.hears_of("refused")
    assert not [said for said in tab.heard if "reply" in said]


async def test_an_end_of_which_the_word_was_lost_is_found(
    alice: User, conversation: Conversation, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "WATCH_S", 0.05)
    await do(talk.ask, conversation, "Hello")
    tab = await look(alice, conversation.pk)
    await do(Generation.objects.update, status=Status.DONE, text="Hi there")
    _, page = await end_of(tab)
    assert page.blocks == markdown.render("Hi there")


async def test_in_a_long_conversation_only_what_is_new_is_sent(
    alice: User, conversation: Conversation, look: Look
) -> None:
    for number in range(31):
        await do(talk.exchange, conversation, f"Question {number}", f"Answer {number}")
    tab = await look(alice, conversation.pk)
    await ask(tab, "One more")
    await tab.hears_html("One more")
    await do(talk.end, conversation, "And its answer")
    await do(services.rename, conversation=conversation, title="New")
    await end_of(tab)
    assert not [said for said in tab.heard if isinstance(said, str) and "Question" in said]


@pytest.mark.parametrize(("language", "spoken"), [("zh-hans", "zh-hans"), ("en", "en"), ("tlh", "en")])
async def test_what_is_added_speaks_the_language_of_the_page(
    language: str, spoken: str, alice: User, conversation: Conversation, look: Look
) -> None:
    tab = await look(alice, conversation.pk, language=language)
    title = (await tab.hears_of("revision"))["title"]
    await tab.say(text="")
    error = (await tab.hears_of("refused"))["error"]
    await ask(tab, "Hello")
    html = await tab.hears_html()
    with translation.override(spoken):
        assert (title, error) == (gettext("New chat"), gettext("Write something first."))
        assert f'aria-label="{gettext("Copy")}"' in html
    assert (title == "New chat") is (spoken == "en")


# Who must go


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again by themselves: what is heard, is told."""
    monkeypatch.setattr(consumers, "WATCH_S", 3600)


@pytest.fixture
def alert(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks again all the time."""
    monkeypatch.setattr(consumers, "WATCH_S", 0.05)
    monkeypatch.setattr(consumers, "SIGNED_IN_EVERY", 1)


@pytest.mark.usefixtures("calm")
async def test_who_is_removed_from_the_team_is_out_at_once_and_nobody_else(
    alice: User, bob: User, shared: Conversation, fake: Fake, worker: Worker, look: Look
) -> None:
    fake.script = ENDLESS
    stays, goes = await look(alice, shared.pk), await look(bob, shared.pk)
    await ask(stays, "Tell me")
    await begun(goes)
    by, member = await do(alice.memberships.get), await do(bob.memberships.get)
    await do(accounts.remove_member, by=by, member=member)
    assert await goes.is_closed() == 4404
    await do(services.stop, conversation=shared)
    _, page = await end_of(stays)
    assert page.status == "stopped"


@pytest.mark.usefixtures("calm")
async def test_who_leaves_the_team_is_out_at_once(bob: User, shared: Conversation, look: Look) -> None:
    tab = await look(bob, shared.pk)
    await do(accounts.leave_team, member=await do(bob.memberships.get))
    assert await tab.is_closed() == 4404


@pytest.mark.usefixtures("calm")
async def test_who_is_removed_from_another_team_stays(alice: User, shared: Conversation, look: Look) -> None:
    tab = await look(alice, shared.pk)
    other = await do(accounts.create_team, name="Cirrus", owner=alice)
    await do(other.delete)
    await atell(alice.channel, {"type": "access.changed"})
    await ask(tab, "Still here?")
    assert tab.closed is None


@pytest.mark.usefixtures("calm")
async def test_a_conversation_that_is_made_private_closes_for_the_others(
    alice: User, bob: User, shared: Conversation, look: Look
) -> None:
    mine, theirs = await look(alice, shared.pk), await look(bob, shared.pk)
    await do(services.share, conversation=shared, shared=False)
    assert await theirs.is_closed() == 4404
    await ask(mine, "Alone now")
    assert not [said for said in theirs.heard if "Alone now" in said]


@pytest.mark.usefixtures("calm")
async def test_a_deleted_conversation_closes_for_all(alice: User, bob: User, shared: Conversation, look: Look) -> None:
    tabs = [await look(user, shared.pk) for user in (alice, bob)]
    await do(keeping.delete, conversation=shared)
    assert [await tab.is_closed() for tab in tabs] == [4404, 4404]


@pytest.mark.usefixtures("alert")
async def test_who_signed_out_is_out(alice: User, conversation: Conversation, look: Look) -> None:
    goes, stays = await look(alice, conversation.pk), await look(alice, conversation.pk)
    await do(goes.browser.logout)
    assert await goes.is_closed() == 4401
    await ask(stays, "Still here")


@pytest.mark.usefixtures("alert")
async def test_who_changed_the_password_elsewhere_is_out(alice: User, conversation: Conversation, look: Look) -> None:
    tab = await look(alice, conversation.pk)
    alice.set_unusable_password()
    await do(alice.save)
    assert await tab.is_closed() == 4401


@pytest.mark.usefixtures("alert")
async def test_whose_account_is_closed_is_out(alice: User, conversation: Conversation, look: Look) -> None:
    tab = await look(alice, conversation.pk)
    await do(User.objects.filter(pk=alice.pk).update, is_active=False)
    assert await tab.is_closed() == 4401


@pytest.mark.usefixtures("alert")
async def test_a_membership_that_ended_without_a_word_is_noticed(bob: User, shared: Conversation, look: Look) -> None:
    tab = await look(bob, shared.pk)
    await do(bob.memberships.all().delete)
    assert await tab.is_closed() == 4404


async def test_a_page_of_another_site_gets_no_socket(alice: User, conversation: Conversation, look: Look) -> None:
    tab = await look(alice, conversation.pk, origin="https://elsewhere.example")
    await tab.is_closed()
    assert not tab.accepted
