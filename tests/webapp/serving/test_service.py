"""What people choose is a named model; the workers bring the engine to what the database says, and no reply breaks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.client import Client
from inference.errors import EngineBusy
from inference.fake import Failures, Fake, Script
from tests.webapp import chinese
from tests.webapp.people import client_of
from tests.webapp.serving.conftest import Make, ask, serve
from tests.webapp.workers import PATIENCE_S, until, working
from webapp.accounts.models import User
from webapp.generation import adapters
from webapp.generation.models import ACTIVE, Generation, Status
from webapp.generation.worker import Worker
from webapp.serving import offers, services, shelf
from webapp.serving.models import NamedModel, Version

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
SLOW = Script(text="".join(f"word{n} " for n in range(60)), tokens_per_s=30)


@database_sync_to_async
def fresh(row):
    return type(row).objects.get(pk=row.pk)


async def serving(model: NamedModel, version: Version) -> None:
    async def does() -> bool:
        return (await fresh(model)).current_id == version.pk

    await until(does, f"{version.number} in service")


async def ended(reply: Generation, patience_s: float = PATIENCE_S) -> Generation:
    async def has_ended() -> bool:
        return (await fresh(reply)).status not in ACTIVE

    await until(has_ended, "the reply's end", patience_s)
    return await fresh(reply)


async def begun(reply: Generation) -> None:
    async def has_begun() -> bool:
        return (await fresh(reply)).status == Status.STREAMING

    await until(has_begun, "the reply's beginning")


@database_sync_to_async
def put(model: NamedModel, adapter, author: User) -> tuple[Version, str]:
    version = services.put_in_service(model=model, adapter=adapter, author=author)
    return version, version.engine_name


def in_thread(call: Callable):
    return database_sync_to_async(call)


async def test_an_adapter_that_is_put_in_service_answers_and_each_reply_says_which_version_it_was(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, worker: Worker
) -> None:
    version, name = await put(model, await in_thread(make_adapter)(), alice)
    await serving(model, version)
    assert name in fake.adapters
    reply = await ended(await in_thread(ask)(alice, model))
    assert (reply.status, reply.text) == (Status.DONE, "You wrote: Hello there")
    assert (reply.model, reply.version) == (name, "Support · 1")
    assert fake.stats.last_request["model"] == name


async def test_until_the_engine_has_the_new_version_the_old_one_answers(
    model: NamedModel, make_adapter: Make, alice: User, redis: Redis
) -> None:
    first = await in_thread(lambda: serve(model, make_adapter(1), alice))()
    second, _ = await put(model, await in_thread(make_adapter)(2, rank=16), alice)
    async with Fake(max_lora_rank=8) as fake, working(fake.url, redis):

        async def refused() -> bool:
            return (await fresh(second)).problem.startswith("Its rank is 16, and 8 is the most that is served")

        await until(refused, "the engine's refusal")
        reply = await ended(await in_thread(ask)(alice, model))
    assert (reply.status, reply.version) == (Status.DONE, "Support · 1")
    assert (await fresh(model)).current_id == first.pk
    page = await in_thread(lambda: client_of(alice).get(model.get_absolute_url()).content.decode())()
    assert "The engine refused version 2: Its rank is 16, and 8 is the most that is served: train it with less." in page
    page = await in_thread(lambda: chinese.page(alice, model.get_absolute_url()))()
    assert "它的秩是 16，而最多支持 8：请用更小的秩训练。" in page


async def test_an_engine_that_was_started_again_gets_all_that_should_serve(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, worker: Worker
) -> None:
    version, name = await put(model, await in_thread(make_adapter)(), alice)
    await serving(model, version)
    fake.adapters.clear()

    async def is_back() -> bool:
        return name in fake.adapters

    await until(is_back, "the adapter on the new engine")


async def test_what_an_engine_lost_counts_as_loaded_only_when_it_answers_again(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, settings
) -> None:
    settings.ENGINE_URL = fake.url
    first = await in_thread(lambda: serve(model, make_adapter(1), alice))()
    trial = await in_thread(lambda: serve(model, make_adapter(2), alice, 50))()
    fake.failures = Failures(times=1000)  # it takes adapters, but does not answer yet
    async with Client(fake.url) as client:
        with pytest.raises(EngineBusy):
            await adapters.reconcile(client, shelf.Shelf())
        assert not any([(await fresh(version)).loaded for version in (first, trial)])
        page = await in_thread(lambda: client_of(alice).get(model.get_absolute_url()).content.decode())()
        assert "The engine is loading version 1 again: replies wait for it." in page
        assert "The engine is loading version 2." in page
        assert all(choice.trial is None for choice in await in_thread(offers.offered)(model.team_id))
        fake.failures = None
        await adapters.reconcile(client, shelf.Shelf())
    assert all([(await fresh(version)).loaded for version in (first, trial)])


async def test_a_version_that_is_wanted_again_while_the_engine_still_holds_it_takes_its_place(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, worker: Worker
) -> None:
    first, first_name = await put(model, await in_thread(make_adapter)(1), alice)
    await serving(model, first)
    second, _ = await put(model, await in_thread(make_adapter)(2), alice)
    await serving(model, second)
    assert first_name in fake.adapters
    again, _ = await put(model, await in_thread(lambda: first.adapter)(), alice)
    assert again == first
    await serving(model, first)


async def test_a_reply_of_a_version_that_the_engine_does_not_hold_has_it_loaded(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, redis: Redis, monkeypatch
) -> None:
    version = await in_thread(lambda: serve(model, make_adapter(), alice))()
    reply = await in_thread(ask)(alice, model)
    await in_thread(lambda: services.take_out(model=model, author=alice))()
    await in_thread(shelf.Shelf().note_unloaded)(version.engine_name)
    monkeypatch.setattr(shelf, "GRACE", timedelta(0))

    async def is_gone() -> bool:
        return not fake.adapters

    async with working(fake.url, redis):
        reply = await ended(reply)
        await until(is_gone, "the version's end, now that nobody needs it")
    assert (reply.status, reply.version) == (Status.DONE, "Support · 1")
    assert reply.model == version.engine_name
    assert fake.stats.refused == 1


async def test_a_reply_that_has_begun_ends_with_its_version_which_is_unloaded_afterwards(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, worker: Worker, monkeypatch
) -> None:
    monkeypatch.setattr(shelf, "GRACE", timedelta(0))
    first, first_name = await put(model, await in_thread(make_adapter)(1), alice)
    await serving(model, first)
    fake.script = SLOW
    reply = await in_thread(ask)(alice, model)
    await begun(reply)
    second, second_name = await put(model, await in_thread(make_adapter)(2), alice)
    await serving(model, second)
    assert set(fake.adapters) == {first_name, second_name}
    assert (await fresh(reply)).status == Status.STREAMING
    reply = await ended(reply)
    assert (reply.status, reply.text, reply.version) == (Status.DONE, SLOW.text, "Support · 1")
    assert (reply.attempts, fake.stats.aborts) == (1, 0)

    async def is_gone() -> bool:
        return set(fake.adapters) == {second_name}

    await until(is_gone, "the old version's end")
    assert (await fresh(first)).loaded is False


async def test_rolled_back_the_base_model_answers_what_is_asked_from_then_on(
    model: NamedModel, make_adapter: Make, alice: User, fake: Fake, worker: Worker
) -> None:
    version, _ = await put(model, await in_thread(make_adapter)(), alice)
    await serving(model, version)
    await in_thread(lambda: client_of(alice).post(model.get_absolute_url() + "roll-back/"))()
    reply = await ended(await in_thread(ask)(alice, model))
    assert (reply.status, reply.model) == (Status.DONE, "colloquy")


async def test_without_adapters_the_engine_is_asked_nothing(fake: Fake, worker: Worker, redis: Redis) -> None:
    plan = await in_thread(shelf.Shelf().plan)()
    assert (plan.wanted, plan.leaving) == ({}, frozenset())
