"""Asking for replies, and a listener on their channel; the worker and the engine are in tests/webapp/workers.py."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.messages import Message, Role, SamplingParams
from tests.webapp.workers import until
from webapp.generation import services
from webapp.generation.models import ACTIVE, Generation
from webapp.lib import groups

CHANNEL = "test.replies"

Ask = Callable[..., Awaitable[Generation]]


@pytest.fixture
def ask() -> Ask:
    """Ask for a reply: `await ask("words", max_tokens=…, history=[…])`."""

    async def request(text: str = "Hello there", *, history: list[Message] | None = None, **params) -> Generation:
        messages = [*(history or []), Message(Role.USER, text)]
        return await database_sync_to_async(services.request_generation)(
            channel=CHANNEL, model="colloquy", messages=messages, params=SamplingParams(**params)
        )

    return request


async def fresh(generation: Generation) -> Generation:
    return await database_sync_to_async(Generation.objects.get)(pk=generation.pk)


async def ended(generation: Generation) -> Generation:
    """The row, once it has its outcome."""

    async def has_ended() -> bool:
        return (await fresh(generation)).status not in ACTIVE

    await until(has_ended, "the reply's end")
    return await fresh(generation)


class Listener:
    """What is said on the channel, in order."""

    def __init__(self) -> None:
        self.events: list[dict] = []

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["type"] == kind]

    async def hears(self, kind: str, count: int = 1) -> None:
        async def heard() -> bool:
            return len(self.of(kind)) >= count

        await until(heard, kind)


@pytest_asyncio.fixture
async def listener(redis: Redis) -> AsyncIterator[Listener]:
    listener = Listener()
    await groups.ear().join(CHANNEL, listener.events.append)
    yield listener
    await groups.close()
