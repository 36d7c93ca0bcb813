"""A worker, the fake engine behind it, and a listener on the reply's channel: all in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis

from inference.client import Client
from inference.fake import Fake
from inference.messages import Message, Role, SamplingParams
from webapp.generation import services
from webapp.generation.models import ACTIVE, Generation
from webapp.generation.worker import Worker

CHANNEL = "test.replies"
PATIENCE_S = 20

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


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[Fake]:
    async with Fake() as fake:
        yield fake


@pytest_asyncio.fixture
async def redis(stores: None) -> AsyncIterator[Redis]:
    redis = Redis.from_url(settings.LIVE_URL)
    await redis.flushall()
    yield redis
    await redis.aclose()


@asynccontextmanager
async def working(url: str, redis: Redis, **options) -> AsyncIterator[Worker]:
    """A running worker; when the block ends it lets go of its replies."""
    async with Client(url, stall_timeout_s=2) as client:
        worker = Worker(client, redis, **options)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def worker(fake: Fake, redis: Redis) -> AsyncIterator[Worker]:
    async with working(fake.url, redis) as worker:
        yield worker


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.02)


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

    async def listen(self, ready: asyncio.Event) -> None:
        layer = get_channel_layer()
        assert layer is not None
        name = await layer.new_channel()
        await layer.group_add(CHANNEL, name)
        ready.set()
        try:
            while True:
                self.events.append(await layer.receive(name))
        finally:
            await layer.group_discard(CHANNEL, name)

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["type"] == kind]

    async def hears(self, kind: str, count: int = 1) -> None:
        async def heard() -> bool:
            return len(self.of(kind)) >= count

        await until(heard, kind)


@pytest_asyncio.fixture
async def listener(redis: Redis) -> AsyncIterator[Listener]:
    listener, ready = Listener(), asyncio.Event()
    task = asyncio.create_task(listener.listen(ready))
    await ready.wait()
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
