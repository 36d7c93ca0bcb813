"""Adapters on the real engine: every request is answered by its own model, whatever happens around it."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from inference.client import Client
from inference.errors import BadRequest, UnknownModel
from inference.messages import Message, ModelCard, Role, SamplingParams
from tests.engine import Engine

pytestmark = pytest.mark.asyncio

GREEDY = SamplingParams(temperature=0, max_tokens=16)
SEEDS = {"first@1": 1, "second@2": 2, "third@3": 3}


@pytest_asyncio.fixture
async def adapters(engine: Engine, real: Client) -> AsyncIterator[list[str]]:
    """Three adapters, loaded: one more than the engine has room for."""
    for name, seed in SEEDS.items():
        await real.load_adapter(name, str(engine.adapter(name, seed)))
    yield list(SEEDS)
    for name in SEEDS:
        await real.unload_adapter(name)
        shutil.rmtree(engine.directory / name, ignore_errors=True)


async def answer(client: Client, model: str, number: int) -> str:
    return (await client.complete(model, [Message(Role.USER, f"Tell me story {number}.")], GREEDY)).text


async def test_mixed_in_one_batch_each_request_is_answered_by_its_own_model(
    engine: Engine, real: Client, adapters: list[str]
) -> None:
    models = [engine.model, *adapters[:2]]
    requests = [(model, number) for number in range(8) for model in models]
    alone = {request: await answer(real, *request) for request in requests}
    assert all(len({alone[model, number] for model in models}) == 3 for number in range(8))
    together = await asyncio.gather(*(answer(real, *request) for request in requests))
    assert dict(zip(requests, together, strict=True)) == alone


async def test_more_adapters_than_fit_in_memory_all_answer(engine: Engine, real: Client, adapters: list[str]) -> None:
    alone = [await answer(real, name, 1) for name in adapters]
    assert len(set(alone)) == 3
    together = await asyncio.gather(*(answer(real, name, 1) for name in adapters * 4))
    assert together == alone * 4


async def test_an_adapter_whose_directory_vanished_answers_and_harms_nobody(
    engine: Engine, real: Client, adapters: list[str]
) -> None:
    vanished, *others = adapters
    before = await answer(real, vanished, 1)
    shutil.rmtree(engine.directory / vanished)
    for name in others:  # and now it is out of memory
        await answer(real, name, 1)
    during, again = await asyncio.gather(answer(real, engine.model, 2), answer(real, vanished, 1))
    assert again == before
    assert during == await answer(real, engine.model, 2)


async def test_an_adapter_is_listed_with_its_base_until_it_is_unloaded(
    engine: Engine, real: Client, adapters: list[str]
) -> None:
    assert ModelCard(adapters[0], parent=engine.model) in await real.models()
    await real.unload_adapter(adapters[0])
    assert adapters[0] not in {card.id for card in await real.models()}
    with pytest.raises(UnknownModel):
        await answer(real, adapters[0], 1)


async def test_loading_and_unloading_twice_is_no_error(engine: Engine, real: Client, adapters: list[str]) -> None:
    assert await real.serves_adapters() is True
    await real.load_adapter(adapters[0], str(engine.directory / adapters[0]))
    await real.unload_adapter("never-loaded@0")


async def test_an_adapter_that_is_not_there_is_refused_with_a_sentence(engine: Engine, real: Client) -> None:
    with pytest.raises(BadRequest, match="No adapter found for /nowhere"):
        await real.load_adapter("nobody@0", "/nowhere")
    with pytest.raises(BadRequest, match="relative path"):
        await real.load_adapter("nobody@0", "nowhere")
