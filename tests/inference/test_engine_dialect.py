"""The real vLLM as a further endpoint: it says what it is, and it takes plain requests too."""

import pytest

from inference.client import Client
from inference.messages import Message, Role, SamplingParams
from tests.engine import Engine

pytestmark = pytest.mark.asyncio
HELLO = [Message(Role.USER, "Hello!")]


async def test_vllm_says_that_it_is_vllm_and_how_long_its_context_is(real: Client, engine: Engine) -> None:
    base = (await real.models())[0]
    assert (base.id, base.owned_by) == (engine.model, "vllm")
    assert base.context


async def test_vllm_takes_a_plain_request(engine: Engine) -> None:
    async with Client(engine.url, engine.api_key, plain=True) as client:
        reply = await client.complete(engine.model, HELLO, SamplingParams(temperature=0, max_tokens=16, seed=1))
    assert reply.text
