"""Stop, by whoever may: what was written stays, and the engine stops working on it."""

import pytest
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.fake import Fake, Script
from tests.webapp.generation.conftest import Ask, Listener, ended, fresh
from tests.webapp.workers import until
from webapp.generation import services
from webapp.generation.models import Generation, Status
from webapp.generation.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


async def stop(reply: Generation) -> None:
    await database_sync_to_async(services.stop_generation)(await fresh(reply))


async def test_a_reply_that_is_stopped_keeps_its_text_and_the_engine_aborts(
    ask: Ask, fake: Fake, worker: Worker, listener: Listener
) -> None:
    fake.script = Script(tokens=500, tokens_per_s=50)
    reply = await ask()
    await listener.hears("reply.delta", 3)
    await stop(reply)
    after = await ended(reply)
    assert (after.status, after.finish_reason) == (Status.STOPPED, "abort")
    assert 0 < len(after.text.split()) < 500

    async def aborted() -> bool:
        return fake.stats.aborts == 1

    await until(aborted, "the abort")


async def test_a_reply_that_waits_for_a_worker_is_stopped_at_once(ask: Ask, listener: Listener) -> None:
    reply = await ask()
    await stop(reply)
    assert (await fresh(reply)).status == Status.STOPPED
    await listener.hears("reply.ended")


async def test_a_stop_that_redis_lost_is_heard_at_the_next_heartbeat(
    ask: Ask, fake: Fake, worker: Worker, listener: Listener
) -> None:
    fake.script = Script(tokens=2000, tokens_per_s=50)
    reply = await ask()
    await listener.hears("reply.delta")
    await database_sync_to_async(Generation.objects.filter(pk=reply.pk).update)(stop_requested=True)
    assert (await ended(reply)).status == Status.STOPPED


async def test_stopping_an_ended_reply_changes_nothing(ask: Ask, worker: Worker, redis: Redis) -> None:
    reply = await ended(await ask())
    await stop(reply)
    assert (await fresh(reply)).status == Status.DONE
