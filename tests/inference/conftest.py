from collections.abc import AsyncIterator

import pytest_asyncio

from inference.client import Client
from inference.fake import Fake
from tests.engine import Engine


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[Fake]:
    async with Fake(api_key="the fake's key") as fake:
        yield fake


@pytest_asyncio.fixture
async def client(fake: Fake) -> AsyncIterator[Client]:
    """A client of the fake that loses patience soon."""
    async with Client(fake.url, "the fake's key", stall_timeout_s=0.3, queue_timeout_s=1) as client:
        yield client


@pytest_asyncio.fixture
async def real(engine: Engine) -> AsyncIterator[Client]:
    """A client of the real engine."""
    async with Client(engine.url, engine.api_key) as client:
        yield client
