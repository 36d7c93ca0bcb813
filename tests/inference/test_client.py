"""The client against the fake server: what it sends, what it makes of the answers, and how it fails."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from inference.client import Client
from inference.errors import (
    BadRequest,
    ContextTooLong,
    EngineBusy,
    EngineError,
    EngineStalled,
    EngineUnavailable,
    InferenceError,
    Refused,
    UnknownModel,
)
from inference.fake import Failures, Fake, Script
from inference.messages import Completion, Delta, FinishReason, Message, ModelCard, Role, SamplingParams, Usage

pytestmark = pytest.mark.asyncio

HELLO = [Message(Role.USER, "good morning")]


async def complete(client: Client, model: str = "colloquy", **options: object) -> Completion:
    return await client.complete(model, HELLO, SamplingParams(), **options)  # type: ignore[arg-type]


async def condition(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_stream_is_the_text_in_pieces_and_then_the_reason_and_the_usage(client: Client) -> None:
    deltas = [delta async for delta in client.stream("colloquy", HELLO, SamplingParams())]
    assert deltas == [
        Delta("You"),
        Delta(" wrote:"),
        Delta(" good"),
        Delta(" morning"),
        Delta("", FinishReason.STOP, Usage(prompt_tokens=3, completion_tokens=4)),
    ]


async def test_a_completion_is_the_whole_reply(client: Client) -> None:
    reply = await client.complete("colloquy", HELLO, SamplingParams(max_tokens=2))
    assert reply == Completion("You wrote:", FinishReason.LENGTH, Usage(3, 2), "colloquy")


async def test_any_text_arrives_as_it_was_written(client: Client, fake: Fake) -> None:
    text = 'Zeile\n\n"你好"，\u2028 data: [DONE]\t👩‍👩‍👧 \\n <b>&amp;</b>'
    fake.script = Script(text=text)
    assert (await complete(client)).text == text


async def test_it_continues_the_assistants_partial_text(client: Client, fake: Fake) -> None:
    partial = [*HELLO, Message(Role.ASSISTANT, "You wrote:")]
    reply = await client.complete("colloquy", partial, SamplingParams(), continue_final=True)
    assert reply.text == " good morning"
    sent = fake.stats.last_request
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)


async def test_it_sends_what_was_asked_for(client: Client, fake: Fake) -> None:
    params = SamplingParams(temperature=0.5, top_p=0.9, max_tokens=7, stop=("END",), seed=3, repetition_penalty=1.1)
    await client.complete("colloquy", HELLO, params, priority=10, cache_salt="team 4", session_id="conversation 9")
    expected = {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["END"],
        "seed": 3,
        "repetition_penalty": 1.1,
        "priority": 10,
        "cache_salt": "team 4",
        "session_id": "conversation 9",
    }
    assert fake.stats.last_request.items() >= expected.items()


async def test_a_reply_ends_that_says_the_same_again_and_again(client: Client, fake: Fake) -> None:
    fake.script = Script(text="Well:" + " no no yes" * 40)
    reply = await client.complete("colloquy", HELLO, SamplingParams(repeats=3))
    assert (reply.text, reply.finish_reason) == ("Well:" + " no no yes" * 3, FinishReason.REPETITION)


async def test_it_sends_nothing_that_another_server_may_not_know_unless_asked(client: Client, fake: Fake) -> None:
    await complete(client)
    assert set(fake.stats.last_request) == {"model", "messages", "stream", "stream_options", "session_id"}


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "no such role", BadRequest),
        (422, "temperature must be a number", BadRequest),
        (400, "This model's maximum context length is 1024 tokens.", ContextTooLong),
        (401, "Unauthorized", Refused),
        (403, "Forbidden", Refused),
        (404, "The model `x` does not exist.", UnknownModel),
        (429, "Too many requests", EngineBusy),
        (503, "The engine is currently busy", EngineBusy),
        (500, "the engine broke", EngineError),
        (502, "Bad gateway", EngineUnavailable),
        (504, "Gateway timeout", EngineUnavailable),
    ],
)
async def test_a_refusal_is_the_error_it_means(
    client: Client, fake: Fake, status: int, message: str, error: type[InferenceError]
) -> None:
    fake.failures = Failures(status=status, message=message)
    with pytest.raises(error, match=message.split("`")[0]) as caught:
        await complete(client)
    assert type(caught.value) is error
    assert (await complete(client)).text == "You wrote: good morning"


async def test_a_busy_engine_says_when_to_come_back(client: Client, fake: Fake) -> None:
    fake.failures = Failures(status=429, retry_after_s=7)
    with pytest.raises(EngineBusy) as caught:
        await complete(client)
    assert caught.value.retry_after_s == 7


async def test_a_model_that_is_not_served_is_unknown(client: Client) -> None:
    with pytest.raises(UnknownModel, match="nobody"):
        await complete(client, "nobody")


async def test_a_prompt_that_does_not_fit_is_too_long(client: Client) -> None:
    with pytest.raises(ContextTooLong, match="8192"):
        await client.complete("colloquy", [Message(Role.USER, "word " * 9000)], SamplingParams())


async def test_a_wrong_key_is_refused(fake: Fake) -> None:
    async with Client(fake.url, "another key") as client:
        with pytest.raises(Refused):
            await complete(client)


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        ("stall", EngineStalled),
        ("break", EngineUnavailable),
        ("end", EngineUnavailable),
        ("error", EngineError),
        ("garbage", EngineError),
    ],
)
async def test_a_reply_that_goes_wrong_midway_keeps_its_beginning(
    client: Client, fake: Fake, ending: str, error: type[InferenceError]
) -> None:
    fake.script = Script(ending=ending, after=2)  # type: ignore[arg-type]
    texts: list[str] = []

    async def read() -> None:
        async for delta in client.stream("colloquy", HELLO, SamplingParams()):
            texts.append(delta.text)

    with pytest.raises(error):
        await read()
    assert texts == ["You", " wrote:"]


async def test_keep_alives_do_not_save_a_reply_that_stopped_growing(client: Client, fake: Fake) -> None:
    fake.script = Script(ending="stall", after=1, keep_alive_s=0.05)
    with pytest.raises(EngineStalled, match="keep-alives"):
        await complete(client)


async def test_a_request_may_wait_in_the_queue_as_long_as_the_server_says_it_lives(client: Client, fake: Fake) -> None:
    fake.script = Script(wait_s=0.6, keep_alive_s=0.05)
    assert (await complete(client)).text == "You wrote: good morning"


async def test_a_request_does_not_wait_in_the_queue_for_ever(client: Client, fake: Fake) -> None:
    fake.script = Script(wait_s=60, keep_alive_s=0.05)
    with pytest.raises(EngineStalled, match="keep-alives for 1 s"):
        await complete(client)


async def test_closing_a_stream_aborts_the_request(client: Client, fake: Fake) -> None:
    fake.script = Script(tokens=1000, tokens_per_s=20)
    async with aclosing(client.stream("colloquy", HELLO, SamplingParams())) as reply:
        await anext(reply)
        assert fake.stats.running == 1
    await condition(lambda: fake.stats.aborts == 1 and fake.stats.running == 0)


@pytest.mark.parametrize("script", [Script(tokens=1000, tokens_per_s=20), Script(wait_s=60)])
async def test_cancelling_who_reads_aborts_the_request(client: Client, fake: Fake, script: Script) -> None:
    fake.script = script
    task = asyncio.create_task(complete(client))
    await condition(lambda: fake.stats.running == 1)
    task.cancel()
    await condition(lambda: fake.stats.aborts == 1 and fake.stats.running == 0)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_two_hundred_replies_stream_at_once(fake: Fake) -> None:
    fake.script = Script(tokens=5, wait_s=0.2)
    async with Client(fake.url, "the fake's key") as client:
        replies = await asyncio.gather(*(complete(client) for _ in range(200)))
    assert len({reply.text for reply in replies}) == 1
    assert fake.stats.peak_running == 200


async def test_where_nobody_listens_the_engine_is_unavailable(tmp_path: Path) -> None:
    for url in (f"unix:{tmp_path}/no.sock", "http://127.0.0.1:9"):
        async with Client(url) as client:
            assert await client.health() is False
            with pytest.raises(EngineUnavailable):
                await complete(client)


async def test_it_speaks_over_a_unix_socket(tmp_path: Path) -> None:
    async with Fake(uds=str(tmp_path / "s")) as fake, Client(fake.url) as client:
        assert await client.health() is True
        assert (await complete(client)).text == "You wrote: good morning"


async def test_a_url_may_end_in_v1_as_other_clients_write_it(fake: Fake) -> None:
    async with Client(f"{fake.url}/v1/", "the fake's key") as client:
        assert await client.models() == [ModelCard("colloquy", None, 8192)]


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host", "/run/engine.sock", "http://"])
async def test_what_is_no_address_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="no server address"):
        Client(url)


async def test_adapters_are_loaded_listed_and_unloaded_and_doing_it_twice_is_no_error(
    client: Client, fake: Fake, tmp_path: Path
) -> None:
    assert await client.serves_adapters() is True
    for _ in range(2):
        await client.load_adapter("support@3f9c1a", str(tmp_path))
    assert ModelCard("support@3f9c1a", parent="colloquy") in await client.models()
    assert (await complete(client, "support@3f9c1a")).model == "support@3f9c1a"
    for _ in range(2):
        await client.unload_adapter("support@3f9c1a")
    with pytest.raises(UnknownModel):
        await complete(client, "support@3f9c1a")


async def test_it_tells_a_server_that_loads_no_adapters() -> None:
    async with Fake(lora=False) as fake, Client(fake.url) as client:
        assert await client.serves_adapters() is False


async def test_an_adapter_that_is_not_there_is_a_bad_request(client: Client, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="No adapter found"):
        await client.load_adapter("support@3f9c1a", str(tmp_path / "nowhere"))


async def test_it_counts_the_tokens_of_a_prompt(client: Client) -> None:
    assert await client.tokenize_count("colloquy", HELLO) == 3
    with pytest.raises(UnknownModel):
        await client.tokenize_count("nobody", HELLO)
