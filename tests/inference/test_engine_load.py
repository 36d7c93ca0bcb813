"""The real engine with more to do than it can: it aborts, refuses, and takes people before batch work."""

import asyncio
from contextlib import aclosing

import pytest

from inference.client import Client
from inference.errors import EngineBusy
from inference.messages import Message, Priority, Role, SamplingParams
from tests.engine import LIMITS, Engine

pytestmark = pytest.mark.asyncio

STORY = [Message(Role.USER, "Tell me a story about the sea.")]
RUNNING, WAITING = LIMITS["max_num_seqs"], LIMITS["max_queued"]


async def occupy(engine: Engine, tasks: asyncio.TaskGroup, count: int, tokens: int) -> list[asyncio.Task[str]]:
    """That many replies of that many tokens each, begun or waiting."""
    return [tasks.create_task(engine.ask(ignore_eos=True, max_tokens=tokens, temperature=1)) for _ in range(count)]


async def test_a_client_that_goes_away_aborts_its_request(engine: Engine, real: Client) -> None:
    await engine.is_at(running=0)
    params = SamplingParams(temperature=1, max_tokens=500)
    async with aclosing(real.stream(engine.model, STORY, params)) as reply:
        await anext(reply)
        await engine.is_at(running=1)
    await engine.is_at(running=0)


async def test_with_the_queue_full_the_next_request_is_told_and_a_later_one_is_answered(
    engine: Engine, real: Client
) -> None:
    question = SamplingParams(max_tokens=1)
    async with asyncio.TaskGroup() as tasks:
        held = await occupy(engine, tasks, RUNNING + WAITING, tokens=500)
        await engine.is_at(running=RUNNING, waiting=WAITING)
        with pytest.raises(EngineBusy, match="busy"):
            await real.complete(engine.model, STORY, question)
        for task in held:
            task.cancel()
    await engine.is_at(running=0)
    assert (await real.complete(engine.model, STORY, question)).usage.completion_tokens == 1


async def test_people_go_before_batch_work_that_came_earlier(engine: Engine, real: Client) -> None:
    finished: list[int] = []

    async def ask(priority: int) -> None:
        await real.complete(engine.model, STORY, SamplingParams(max_tokens=2), priority=priority)
        finished.append(priority)

    async with asyncio.TaskGroup() as tasks:
        for place in range(RUNNING):  # of different lengths: one place after the other comes free
            await occupy(engine, tasks, 1, tokens=250 + 30 * place)
        await engine.is_at(running=RUNNING)
        for _ in range(RUNNING):
            tasks.create_task(ask(Priority.BATCH))
        await engine.is_at(running=RUNNING, waiting=RUNNING)
        tasks.create_task(ask(Priority.INTERACTIVE))
        await engine.is_at(running=RUNNING, waiting=RUNNING + 1)
    assert finished[0] == Priority.INTERACTIVE
