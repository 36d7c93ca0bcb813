"""A named model on the real engine and the built-in model: in service, after a crash of the engine, rolled back."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.client import Client
from tests.engine import KEY, Engine, running_engine
from tests.webapp.serving.conftest import Make, reply_in
from tests.webapp.serving.test_service import ended, in_thread, put, serving
from tests.webapp.workers import until
from webapp.accounts.models import User
from webapp.chat import services as chat
from webapp.generation.models import Generation, Status
from webapp.generation.worker import Worker
from webapp.serving import services
from webapp.serving.models import NamedModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@asynccontextmanager
async def working(url: str, redis: Redis) -> AsyncIterator[None]:
    async with Client(url, KEY) as client:
        task = asyncio.create_task(Worker(client, redis).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def engine_at(socket: str) -> AsyncIterator[Engine]:
    """Started and ended beside this event loop, in which the worker lives."""
    engine = running_engine(uds=socket)
    try:
        yield await asyncio.to_thread(engine.__enter__)
    finally:
        await asyncio.to_thread(engine.__exit__, None, None, None)


async def nobody_listens(socket: str) -> None:
    """The engine's other process has the socket too, and outlives the first by a moment."""

    async def refused() -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(socket)
        except OSError:
            return True
        writer.close()
        await writer.wait_closed()
        return False

    await until(refused, "the engine's end")


@database_sync_to_async
def ask(author: User, model: NamedModel) -> Generation:
    options = {"model": model.slug, "temperature": 0, "max_tokens": 12}
    team = author.memberships.get().team
    conversation = chat.create_conversation(team=team, author=author, options=options)
    return reply_in(conversation, author, "What is the capital of France?")


async def answer(author: User, model: NamedModel) -> tuple[str, str]:
    """(text, version)"""
    reply = await ended(await ask(author, model), patience_s=120)
    assert reply.status == Status.DONE, reply.failure
    return reply.text, reply.version


async def test_an_adapter_serves_through_a_crash_of_the_engine_until_it_is_rolled_back(
    model: NamedModel, make_adapter: Make, alice: User, redis: Redis
) -> None:
    adapter = await in_thread(make_adapter)()
    with tempfile.TemporaryDirectory(prefix="colloquy-") as place:
        url = f"unix:{place}/sock"
        async with working(url, redis):
            async with engine_at(f"{place}/sock") as engine:
                base, _ = await answer(alice, model)
                version, _ = await put(model, adapter, alice)
                await serving(model, version)
                taught, said = await answer(alice, model)
                assert said == "Support · 1"
                assert taught != base
                engine.process.kill()
                engine.process.wait()
                meanwhile = await ask(alice, model)
                await nobody_listens(f"{place}/sock")
            async with engine_at(f"{place}/sock"):
                reply = await ended(meanwhile, patience_s=120)
                assert (reply.status, reply.text, reply.attempts) == (Status.DONE, taught, 1)
                assert await answer(alice, model) == (taught, "Support · 1")
                await in_thread(lambda: services.roll_back(model=model, author=alice))()
                assert (await answer(alice, model))[0] == base
