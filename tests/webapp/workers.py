"""A generation worker and the fake engine behind it, in the test's own event loop, with the real Redis.

tests/webapp/conftest.py hands the fixtures to every test of the web application.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest_asyncio
from django.conf import settings
from redis.asyncio import Redis

from inference.client import Client
from inference.fake import Fake
from webapp.generation.worker import Worker

PATIENCE_S = 20


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


async def until(condition: Callable[[], Awaitable[bool]], what: str, patience_s: float = PATIENCE_S) -> None:
    try:
        async with asyncio.timeout(patience_s):
            while not await condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {patience_s} s in vain for {what}") from None
