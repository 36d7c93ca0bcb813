"""Pages that translate, over their sockets: with a worker, and the fake engine behind it."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from inference.fake import Fake, Script
from inference.fake.script import Failures
from tests.webapp.translate import work
from tests.webapp.viewers import Look, Tab
from webapp.accounts.models import User
from webapp.chat import services as chat
from webapp.chat.models import Conversation
from webapp.generation.worker import Worker
from webapp.translate.models import Segment

pytestmark = pytest.mark.django_db(transaction=True)

SAYS = {"Good morning.": "Guten Morgen.", "How are you?": "Wie geht es dir?", "Goodbye.": "Auf Wiedersehen."}
LATIN = {"source": "en", "target": "de"}


@pytest.fixture
def fluent(fake: Fake, worker: Worker) -> Fake:
    fake.script = Script(replies=SAYS)
    return fake


async def new(look: Look, user: User) -> Tab:
    team = await database_sync_to_async(lambda: user.memberships.get().team_id)()
    return await look(user, f"/ws/translate/new/{team}/?language=en")


async def at(look: Look, user: User, conversation_id: object) -> Tab:
    return await look(user, f"/ws/translate/{conversation_id}/?language=en")


def page(tab: Tab) -> str | None:
    """The translation as the page shows it; None before there is any."""
    states = [said["state"] for said in tab.heard if "state" in said]
    if not states:
        return None
    texts: dict[str, str] = {}
    for said in tab.heard:
        if "segment" in said and "more" not in said:
            texts[said["segment"]] = said["text"]
        elif "more" in said:
            assert len(texts[said["segment"]]) == said["offset"]
            texts[said["segment"]] += said["more"]
    parts = states[-1]["parts"]
    return "".join(gap + texts.get(key, "") for gap, key, *_ in parts) + states[-1]["tail"]


async def shows(tab: Tab, text: str) -> None:
    await tab.finds(lambda: True if page(tab) == text else None)


async def settled(tab: Tab) -> dict:
    return await tab.hears(lambda said: said.get("state", {}).get("status") == "done")


async def test_the_first_text_makes_a_conversation_and_is_translated(look: Look, alice: User, fluent: Fake) -> None:
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning. How are you?", **LATIN)
    state = await tab.hears_of("state")
    assert state["number"] == 1
    assert state["state"]["url"] == f"/translate/{state['state']['conversation']}/"
    await shows(tab, "Guten Morgen. Wie geht es dir?")
    assert (await settled(tab))["state"]["title"] == "Good morning. How are you?"


async def test_what_is_written_comes_piece_by_piece(look: Look, alice: User, fluent: Fake) -> None:
    fluent.script = Script(replies=SAYS, tokens_per_s=20)
    tab = await new(look, alice)
    await tab.say(number=1, text="How are you?", **LATIN)
    await shows(tab, "Wie geht es dir?")
    assert sum("more" in said for said in tab.heard) >= 2


async def test_an_edit_asks_for_what_is_new_only(look: Look, alice: User, fluent: Fake) -> None:
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning.", **LATIN)
    await shows(tab, "Guten Morgen.")
    await tab.say(number=2, text="Good morning. Goodbye.", **LATIN)
    await shows(tab, "Guten Morgen. Auf Wiedersehen.")
    assert fluent.stats.requests == 2
    assert await database_sync_to_async(Conversation.objects.count)() == 1


async def test_another_text_begins_another_translation_and_the_first_stays(
    look: Look, alice: User, fluent: Fake
) -> None:
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning.", **LATIN)
    await shows(tab, "Guten Morgen.")
    first = await settled(tab)
    await tab.say(number=2, text="How are you?", **LATIN)
    await shows(tab, "Wie geht es dir?")
    second = await settled(tab)
    assert second["state"]["conversation"] != first["state"]["conversation"]
    other = await at(look, alice, first["state"]["conversation"])
    await shows(other, "Guten Morgen.")


async def test_colleagues_see_the_same_and_what_either_changes(
    look: Look, alice: User, bob: User, fluent: Fake
) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning.", shared=True)
    mine, his = await at(look, alice, found.pk), await at(look, bob, found.pk)
    for tab in (mine, his):
        await shows(tab, "Guten Morgen.")
    await his.say(number=1, text="Good morning. Goodbye.", **LATIN)
    for tab in (mine, his):
        await shows(tab, "Guten Morgen. Auf Wiedersehen.")
    assert [said["state"] for said in mine.heard if "state" in said][-1]["text"] == "Good morning. Goodbye."


async def test_a_correction_reaches_everybody(look: Look, alice: User, bob: User, fluent: Fake) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning. Goodbye.", shared=True)
    mine, his = await at(look, alice, found.pk), await at(look, bob, found.pk)
    await shows(mine, "Guten Morgen. Auf Wiedersehen.")
    state = (await settled(mine))["state"]
    await mine.say(correct=state["parts"][0][1], correction="Moin.")
    for tab in (mine, his):
        await shows(tab, "Moin. Auf Wiedersehen.")


async def test_another_wording_takes_the_place_of_the_first(look: Look, alice: User, fluent: Fake) -> None:
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning.", **LATIN)
    await shows(tab, "Guten Morgen.")
    key = (await settled(tab))["state"]["parts"][0][1]
    fluent.script = Script(text="Schönen guten Morgen!")
    await tab.say(again=key)
    await shows(tab, "Schönen guten Morgen!")


async def test_a_page_that_comes_later_sees_what_is_written_so_far(look: Look, alice: User, fluent: Fake) -> None:
    fluent.script = Script(tokens=400, tokens_per_s=40)
    found = await database_sync_to_async(work.start)(alice, "Good morning.")
    first = await at(look, alice, found.pk)
    await first.finds(lambda: True if len(page(first) or "") > 20 else None)
    late = await at(look, alice, found.pk)
    await late.finds(lambda: True if len(page(late) or "") > 20 else None)
    await first.say(stop=True)
    state = await first.hears(lambda said: said.get("state", {}).get("status") == "stopped")
    assert state["state"]["trouble"] == "Stopped."


async def test_an_edit_ends_the_engines_work_on_what_nobody_wants(look: Look, alice: User, fluent: Fake) -> None:
    fluent.script = Script(replies={"all.": "Gut."}, tokens=400, tokens_per_s=20)
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning to", **LATIN)
    await tab.finds(lambda: True if page(tab) else None)
    await tab.say(number=2, text="Good morning to all.", **LATIN)
    await shows(tab, "Gut.")
    async with asyncio.timeout(20):
        while await database_sync_to_async(Segment.objects.count)() > 1:
            await asyncio.sleep(0.02)
    assert fluent.stats.aborts == 1


async def test_what_failed_says_so_and_the_same_text_again_is_a_retry(look: Look, alice: User, fluent: Fake) -> None:
    fluent.failures = Failures(status=400, message="No.")
    tab = await new(look, alice)
    await tab.say(number=1, text="Good morning.", **LATIN)
    state = await tab.hears(lambda said: said.get("state", {}).get("status") == "failed")
    assert state["state"]["trouble"].startswith("The engine refused the request.")
    await tab.say(number=2, text="Good morning.", **LATIN)
    await shows(tab, "Guten Morgen.")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"text": " \n"}, "Write or paste a text first."),
        ({"text": "x" * 20_001}, "This is longer than 20000 characters (20001). Translate it in parts."),
        ({"target": "tlh"}, "This language is not offered. Choose one from the list."),
        ({"source": 7}, "This language is not offered. Choose one from the list."),
        ({"text": None}, "Write or paste a text first."),
    ],
)
async def test_what_cannot_be_translated_is_refused_with_a_sentence(
    look: Look, alice: User, fluent: Fake, said: dict, sentence: str
) -> None:
    tab = await new(look, alice)
    await tab.say(**{"number": 1, "text": "Good morning.", **LATIN, **said})
    assert await tab.hears_of("refused") == {"refused": sentence, "number": 1}


async def test_a_viewer_reads_and_may_not_change_anything(look: Look, alice: User, victor: User, fluent: Fake) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning.", shared=True)
    tab = await at(look, victor, found.pk)
    await shows(tab, "Guten Morgen.")
    key = (await settled(tab))["state"]["parts"][0][1]
    for said in ({"text": "Goodbye.", **LATIN}, {"stop": True}, {"correct": key, "correction": "x"}, {"again": key}):
        await tab.say(**said)
        assert (await tab.hears_of("refused"))["refused"] == "You may read this translation, but not change it."
    assert await database_sync_to_async(lambda: work.shown(found).target)() == "Guten Morgen."


async def test_who_may_see_it_no_longer_is_shown_out(look: Look, alice: User, bob: User, fluent: Fake) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning.", shared=True)
    tab = await at(look, bob, found.pk)
    await shows(tab, "Guten Morgen.")
    await database_sync_to_async(lambda: chat.share(conversation=found, shared=False))()
    assert await tab.is_closed() == 4404


@pytest.mark.parametrize("nonsense", ["", "[]", "{", '{"correct": {}}', '{"look": "x"}', '{"again": []}', '"text"'])
async def test_nonsense_is_no_reason_to_stop_listening(look: Look, alice: User, fluent: Fake, nonsense: str) -> None:
    tab = await new(look, alice)
    await tab.send(nonsense)
    await tab.say(number=1, text="Good morning.", **LATIN)
    await shows(tab, "Guten Morgen.")
