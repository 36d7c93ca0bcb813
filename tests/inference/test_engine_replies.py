"""Replies of the real engine: streamed, continued, constrained, in order of priority."""

import json
from dataclasses import replace

import pytest

from inference.client import Client
from inference.errors import ContextTooLong, UnknownModel
from inference.messages import FinishReason, Message, Role, SamplingParams
from tests.engine import Engine

pytestmark = pytest.mark.asyncio

STORY = [Message(Role.USER, "Tell me a story about the sea.")]
GREEDY = SamplingParams(temperature=0, max_tokens=24)


async def test_a_reply_streams_and_is_counted(engine: Engine, real: Client) -> None:
    deltas = [delta async for delta in real.stream(engine.model, STORY, GREEDY)]
    assert len(deltas) > 2
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == await real.tokenize_count(engine.model, STORY)
    assert 0 < usage.completion_tokens <= 24
    assert (deltas[-1].finish_reason is FinishReason.LENGTH) == (usage.completion_tokens == 24)


async def test_a_seed_makes_a_reply_repeatable(engine: Engine, real: Client) -> None:
    params = SamplingParams(temperature=1, seed=7, max_tokens=24)
    first, second = [await real.complete(engine.model, STORY, params) for _ in range(2)]
    assert first.text == second.text


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
async def test_a_partial_reply_is_continued_as_if_it_had_not_been_interrupted(
    engine: Engine, real: Client, share: float
) -> None:
    pieces = [delta.text async for delta in real.stream(engine.model, STORY, GREEDY)]
    cut = max(1, int(len(pieces) * share))  # a piece is one token, or several when the machine is busy
    partial = [*STORY, Message(Role.ASSISTANT, "".join(pieces[:cut]))]
    rest = await real.complete(engine.model, partial, GREEDY, continue_final=True)
    expected = "".join(pieces[cut:])
    assert expected
    assert rest.text.startswith(expected)


async def test_a_reply_ends_that_says_the_same_again_and_again(engine: Engine, real: Client) -> None:
    said = [Message(Role.USER, "Laugh!"), Message(Role.ASSISTANT, "ha" + " ha" * 60)]
    endless = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=200)
    reply = await real.complete(engine.model, said, endless, continue_final=True)
    assert reply.finish_reason is FinishReason.LENGTH
    reply = await real.complete(engine.model, said, replace(endless, repeats=5), continue_final=True)
    assert reply.finish_reason is FinishReason.REPETITION


async def test_a_reply_is_one_of_the_choices(engine: Engine) -> None:
    for choices in (["yes", "no"], ["blue", "green", "red"]):
        assert await engine.ask(structured_outputs={"choice": choices}) in choices


async def test_a_reply_is_json_of_the_schema(engine: Engine) -> None:
    label = {"enum": ["complaint", "praise"]}
    number = {"type": "integer", "minimum": 0, "maximum": 9}
    schema = {
        "type": "object",
        "properties": {"label": label, "stars": number},
        "required": ["label", "stars"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "review", "schema": schema}}
    review = json.loads(await engine.ask(response_format=wanted, max_tokens=60))
    assert review["label"] in label["enum"]
    assert review["stars"] in range(10)


async def test_what_does_not_fit_the_context_is_too_long(engine: Engine, real: Client) -> None:
    with pytest.raises(ContextTooLong):
        await real.complete(engine.model, [Message(Role.USER, "word " * 20_000)], GREEDY)


async def test_a_model_that_is_not_served_is_unknown(real: Client) -> None:
    with pytest.raises(UnknownModel):
        await real.complete("nobody", STORY, GREEDY)
