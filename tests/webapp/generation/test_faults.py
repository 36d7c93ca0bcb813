"""Whatever dies while a reply is written, the reply is finished, once, and nothing of it is lost or doubled."""

import asyncio
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone
from redis.asyncio import Redis

from inference.fake import Fake, Script
from tests.webapp.generation.conftest import Ask, Listener, ended, fresh
from tests.webapp.workers import until, working
from webapp.generation import leases, live
from webapp.generation.models import Failure, Generation, Status
from webapp.generation.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)
LONG = " ".join(f"word{number}" for number in range(60))


async def has_text(redis: Redis, reply: Generation, words: int) -> None:
    async def enough() -> bool:
        return len((await live.read(redis, reply.pk)).split()) >= words

    await until(enough, f"{words} words")


async def test_another_worker_goes_on_from_the_text_already_written(ask: Ask, fake: Fake, redis: Redis) -> None:
    fake.script = Script(text=LONG, tokens_per_s=40)
    async with working(fake.url, redis):
        reply = await ask()
        await has_text(redis, reply, 5)
    written = await live.read(redis, reply.pk)
    async with working(fake.url, redis):
        after = await ended(reply)
    assert after.text == LONG
    assert after.text.startswith(written)
    assert fake.stats.last_request["continue_final_message"] is True
    assert after.attempts == 2


async def test_a_lapsed_lease_is_taken_over_and_the_first_worker_writes_no_more(
    ask: Ask, fake: Fake, redis: Redis
) -> None:
    fake.script = Script(text=LONG, tokens_per_s=20)
    async with working(fake.url, redis) as first:
        reply = await ask()
        await has_text(redis, reply, 3)
        for writer in first.writers.values():  # as if it had been frozen: its lease is over and it does not know yet
            writer.renewed_at -= leases.LEASE_S
        lapsed = timezone.now() - timedelta(seconds=1)
        await database_sync_to_async(Generation.objects.filter(pk=reply.pk).update)(lease_until=lapsed, owner="nobody")
        async with working(fake.url, redis):
            after = await ended(reply)
    assert after.text == LONG


async def test_an_engine_that_breaks_off_is_asked_again_for_the_rest(ask: Ask, fake: Fake, worker: Worker) -> None:
    fake.script = Script(text=LONG, ending="break", after=10)
    reply = await ask()

    async def broke_off() -> bool:
        return fake.stats.requests >= 1 and fake.stats.running == 0

    await until(broke_off, "the break")
    fake.script = Script(text=LONG)
    after = await ended(reply)
    assert (after.status, after.text) == (Status.DONE, LONG)


async def test_a_stream_that_stalls_is_given_up_and_asked_again_for_the_rest(
    ask: Ask, fake: Fake, worker: Worker, redis: Redis
) -> None:
    fake.script = Script(text=LONG, ending="stall", after=10, keep_alive_s=0.1)
    reply = await ask()
    await has_text(redis, reply, 10)
    fake.script = Script(text=LONG)
    after = await ended(reply)
    assert (after.status, after.text) == (Status.DONE, LONG)
    assert fake.stats.last_request["messages"][-1]["content"] == " ".join(LONG.split()[:10])


async def test_a_message_sent_while_the_engine_is_away_is_answered_when_it_is_back(
    ask: Ask, redis: Redis, listener: Listener, tmp_path_factory
) -> None:
    socket = str(tmp_path_factory.mktemp("e") / "s")
    async with working(f"unix:{socket}", redis):
        reply = await ask("Are you there?")
        await listener.hears("reply.waiting")
        assert (await fresh(reply)).waiting == "engine"
        async with Fake(uds=socket):
            after = await ended(reply)
    assert (after.status, after.text, after.waiting) == (Status.DONE, "You wrote: Are you there?", "")


async def test_after_the_deadline_the_reply_fails_and_keeps_what_was_written(ask: Ask, redis: Redis, settings) -> None:
    settings.GENERATION_DEADLINE_S = 0
    async with Fake(Script(text=LONG, ending="break", after=10)) as fake, working(fake.url, redis):
        reply = await ask()
        await has_text(redis, reply, 5)
        fake.script = Script(text=LONG, ending="break", after=0)
        after = await ended(reply)
    assert after.status == Status.FAILED
    assert after.failure == Failure.UNAVAILABLE
    assert after.text
    assert LONG.startswith(after.text)


async def test_losing_redis_in_the_middle_loses_nothing(ask: Ask, fake: Fake, worker: Worker, redis: Redis) -> None:
    fake.script = Script(text=LONG, tokens_per_s=40)
    reply = await ask()
    await has_text(redis, reply, 5)
    await redis.flushall()
    await has_text(redis, reply, 10)
    live_text = await live.read(redis, reply.pk)
    assert LONG.startswith(live_text)
    assert (await ended(reply)).text == LONG


async def test_after_redis_was_emptied_new_messages_are_still_heard(
    ask: Ask, fake: Fake, worker: Worker, redis: Redis
) -> None:
    await ended(await ask())
    await redis.flushall()
    assert (await ended(await ask("Still there?"))).text == "You wrote: Still there?"


async def test_a_reply_that_redis_never_heard_of_is_found_in_the_database(fake: Fake, worker: Worker) -> None:
    reply = await database_sync_to_async(Generation.objects.create)(
        channel="test", model="colloquy", prompt=[{"role": "user", "content": "Lost"}],
        created_at=timezone.now() - timedelta(seconds=leases.UNHEARD_S),
    )  # fmt: skip
    assert (await ended(reply)).text == "You wrote: Lost"


async def test_a_row_is_claimed_by_one_worker_only(ask: Ask) -> None:
    reply = await ask()
    claims = await asyncio.gather(
        *(database_sync_to_async(leases.claim)([reply.pk], f"worker {number}") for number in range(5))
    )
    assert sorted(len(claim) for claim in claims) == [0, 0, 0, 0, 1]
