"""What is told to those who look on may be lost: the change that it tells of is not."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from webapp.lib import groups
from webapp.lib.groups import MISSED, Event, atell, tell

GROUP = "test.group"
HAPPENED: Event = {"type": "something.happened"}


class Heard(asyncio.Queue[Event]):
    """What one hearer heard, in order."""

    async def soon(self) -> Event:
        return await asyncio.wait_for(self.get(), 10)


@pytest_asyncio.fixture
async def heard(redis: Redis) -> AsyncIterator[Heard]:
    heard = Heard()
    await groups.ear().join(GROUP, heard.put_nowait)
    yield heard
    await groups.close()


async def test_those_in_the_group_hear_it(heard: Heard) -> None:
    await atell("test.another", {"type": "not.for.us"})
    await atell(GROUP, HAPPENED)
    assert await heard.soon() == HAPPENED


async def test_code_that_is_not_async_is_heard_too(heard: Heard) -> None:
    await asyncio.to_thread(tell, GROUP, HAPPENED)
    assert await heard.soon() == HAPPENED


async def test_who_has_left_hears_no_more(heard: Heard) -> None:
    other = Heard()
    await groups.ear().join(GROUP, other.put_nowait)
    groups.ear().leave(GROUP, other.put_nowait)
    await atell(GROUP, HAPPENED)
    assert await heard.soon() == HAPPENED
    assert other.empty()


async def test_after_the_connection_broke_everybody_is_told_that_something_may_be_missing(
    heard: Heard, redis: Redis
) -> None:
    await redis.client_kill_filter(_type="pubsub")
    assert await heard.soon() == MISSED
    await atell(GROUP, HAPPENED)
    assert await heard.soon() == HAPPENED


def test_without_redis_nobody_hears_it_and_nothing_breaks(settings, tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    settings.LIVE_URL = f"unix://{tmp_path}/no.sock"
    with caplog.at_level(logging.WARNING, "webapp.lib.groups"):
        tell(GROUP, HAPPENED)
    assert "nobody heard something.happened" in caplog.text
