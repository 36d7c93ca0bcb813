"""The real engine reads passages that fit its context, and the closest part of one that does not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.client import Client
from tests.engine import Engine
from tests.webapp.ask.test_asking import OWLS, ask
from tests.webapp.viewers import Look
from webapp.accounts.models import User
from webapp.generation.models import Generation, Status
from webapp.generation.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


Begin = Callable[[], None]


@pytest_asyncio.fixture
async def begin_answering(engine: Engine, redis: Redis) -> AsyncIterator[Begin]:
    tasks: list[asyncio.Task] = []
    async with Client(engine.url, engine.api_key) as client:
        yield lambda: tasks.append(asyncio.create_task(Worker(client, redis).run()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answer(look: Look, begin_answering: Begin, user: User, question: str, passage: str) -> Generation:
    """As a viewer sees it end, who looked on before it began."""
    conversation = await database_sync_to_async(ask)(user, question, passage)
    tab = await look(user, f"/ws/ask/{conversation.pk}/?language=en")
    begin_answering()
    ends = lambda said: isinstance(said, dict) and any(op["op"] == "end" for op in said.get("ops", []))  # noqa: E731
    reply = await tab.hears(ends)
    found = await database_sync_to_async(Generation.objects.get)(channel=conversation.channel)
    assert reply["ops"][-1]["status"] == found.status
    return found


@pytest.mark.parametrize(
    ("passage", "question"),
    [
        (OWLS, "What do owls eat?"),
        ("龙井茶产于杭州。普洱茶产于云南。", "普洱茶产于哪里？"),
        ("\n".join([*(f"Line {n} is about something else." for n in range(3000)), OWLS]), "What do owls eat?"),
    ],
)
async def test_a_question_about_a_passage_is_answered(
    look: Look, alice: User, begin_answering: Begin, passage: str, question: str
) -> None:
    found = await answer(look, begin_answering, alice, question, passage)
    assert (found.status, found.failure) == (Status.DONE, "")
    assert found.text.strip()
    assert found.turns_left_out == 0
    assert question in found.prompt[-1]["content"]
