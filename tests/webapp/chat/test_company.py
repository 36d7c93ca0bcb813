"""Who else looks at a shared conversation, and who is writing."""

import pytest
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from tests.webapp.viewers import Look, Tab
from tests.webapp.workers import until
from webapp.accounts.models import User
from webapp.chat import company, presence, services
from webapp.chat.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


async def company_of(tab: Tab, *names: str) -> None:
    """Waits until that tab was told last that just these are there."""

    async def told() -> bool:
        said = [heard["company"] for heard in tab.heard if isinstance(heard, dict) and "company" in heard]
        return bool(said) and [person["name"] for person in said[-1]] == list(names)

    await until(told, f"company of {names}")


async def test_who_comes_is_seen_a_viewer_too_and_nobody_twice(
    alice: User, bob: User, victor: User, shared: Conversation, look: Look
) -> None:
    mine = await look(alice, shared.pk)
    await look(bob, shared.pk)
    await look(bob, shared.pk)
    theirs = await look(victor, shared.pk)
    await company_of(mine, "Bob", "Victor")
    await company_of(theirs, "Alice", "Bob")


async def test_who_leaves_is_gone_at_once(alice: User, bob: User, shared: Conversation, look: Look) -> None:
    mine, theirs = await look(alice, shared.pk), await look(bob, shared.pk)
    await company_of(mine, "Bob")
    await database_sync_to_async(bob.memberships.all().delete)()
    await database_sync_to_async(services.rename)(conversation=shared, title="New")  # everybody looks again
    assert await theirs.is_closed() == 4404
    await company_of(mine)


async def test_who_was_killed_is_forgotten(
    alice: User, bob: User, shared: Conversation, redis: Redis, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company, "EVERY_S", 0.05)
    monkeypatch.setattr(presence, "GONE_S", 0.5)
    killed = presence.Presence(redis, shared.pk, bob)
    await killed.mark()  # and never again
    mine = await look(alice, shared.pk)
    await company_of(mine, "Bob")
    await company_of(mine)


async def test_a_private_conversation_has_no_company(
    alice: User, conversation: Conversation, redis: Redis, look: Look
) -> None:
    tabs = [await look(alice, conversation.pk) for _ in range(2)]
    for tab in tabs:
        await tab.say(typing=True)
        await tab.say(text="")  # after which all that went before has been handled
        await tab.hears_of("refused")
    assert await redis.keys("present:*") == []
    assert not [said for tab in tabs for said in tab.heard if "company" in said or "typing" in said]


async def test_company_begins_when_it_is_shared_and_ends_when_it_is_not(
    alice: User, bob: User, conversation: Conversation, redis: Redis, look: Look
) -> None:
    mine = await look(alice, conversation.pk)
    share = database_sync_to_async(services.share)
    await share(conversation=conversation, shared=True)
    await look(bob, conversation.pk)
    await company_of(mine, "Bob")
    await share(conversation=conversation, shared=False)

    async def empty() -> bool:
        return await redis.zcard(f"present:{conversation.pk}") == 0

    await until(empty, "nobody there")


async def test_who_writes_is_told_to_the_others_alone(alice: User, bob: User, shared: Conversation, look: Look) -> None:
    mine, theirs = await look(alice, shared.pk), await look(bob, shared.pk)
    await theirs.say(typing=True)
    said = await mine.hears_of("typing")
    assert said["typing"] == {"id": bob.pk, "name": "Bob", "on": True}
    await theirs.say(typing=False)
    assert (await mine.hears_of("typing"))["typing"]["on"] is False
    assert not [said for said in theirs.heard if "typing" in said]


async def test_a_viewer_never_writes(alice: User, victor: User, shared: Conversation, look: Look) -> None:
    mine, theirs = await look(alice, shared.pk), await look(victor, shared.pk)
    await theirs.say(typing=True)
    await theirs.say(text="")
    await theirs.hears_of("refused")
    await database_sync_to_async(services.rename)(conversation=shared, title="New")
    await mine.hears(lambda said: isinstance(said, dict) and said.get("title") == "New")
    assert not [said for said in mine.heard if "typing" in said]
