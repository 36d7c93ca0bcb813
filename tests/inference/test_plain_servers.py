"""Servers that are no vLLM: fields that they do not know, limits, redirects, addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from inference import client as client_module
from inference import wire
from inference.addresses import Resolver, forbidden
from inference.client import Client
from inference.errors import BadRequest, EngineError, EngineUnavailable
from inference.fake import Fake, Script
from inference.fake.reply import DONE, encode_event
from inference.messages import Delta, Message, Role, SamplingParams

HELLO = [Message(Role.USER, "good morning")]
EVERYTHING = SamplingParams(temperature=0.5, top_p=0.9, max_tokens=7, stop=("END",), seed=3, repetition_penalty=1.1)


@asynccontextmanager
async def serving(handler: web.RequestHandler | object, path: str = "/v1/chat/completions") -> AsyncIterator[str]:
    """The address of a server with that one route."""
    app = web.Application()
    app.router.add_route("*", path, handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def told(client: Client, params: SamplingParams = EVERYTHING, **options: object) -> list[Delta]:
    return [delta async for delta in client.stream("colloquy", HELLO, params, **options)]  # type: ignore[arg-type]


async def test_a_strict_server_takes_a_plain_request_and_refuses_vllms() -> None:
    async with Fake(strict=True) as fake:
        async with Client(fake.url, plain=True) as client:
            deltas = await told(client, priority=10, cache_salt="team", continue_final=True)
        assert "".join(delta.text for delta in deltas) == "You wrote: good morning"
        async with Client(fake.url) as client:
            with pytest.raises(BadRequest, match="cache_salt"):
                await told(client, SamplingParams(), cache_salt="team")


def test_a_plain_body_holds_openais_fields_and_no_others() -> None:
    body = wire.chat_body(
        "m", HELLO, EVERYTHING, priority=10, continue_final=True, cache_salt="team", plain=True
    )  # fmt: skip
    assert body.keys() == {
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "max_tokens", "seed", "stop",
    }  # fmt: skip


async def test_a_plain_server_is_not_asked_to_count() -> None:
    async with Fake(strict=True) as fake, Client(fake.url, plain=True) as client:
        assert await client.tokenize_count("colloquy", HELLO) is None


async def test_a_model_that_wants_max_completion_tokens_gets_it_and_is_remembered() -> None:
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        if "max_tokens" in asked[-1]:
            message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return web.json_response({"error": {"message": message}}, status=400)
        chunk = {"model": "m-2026", "choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}
        return web.Response(body=encode_event(chunk) + DONE)

    async with serving(answer) as url, Client(url, plain=True) as client:
        assert (await told(client))[0].text == "Hi"
        await told(client)
    assert ["max_tokens" in body for body in asked] == [True, False, False]
    assert [body.get("max_completion_tokens") for body in asked] == [None, 7, 7]


@pytest.mark.parametrize(
    ("said", "version"),
    [({"model": "colloquy-2026-11"}, "colloquy-2026-11"), ({"system_fingerprint": "b4321"}, "b4321"), ({}, "")],
)
async def test_the_last_delta_names_the_version_that_the_server_says(said: dict[str, str], version: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        chunk = {"model": "colloquy", "choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}
        return web.Response(body=encode_event(chunk | said) + DONE)

    async with serving(answer) as url, Client(url, plain=True) as client:
        assert (await told(client))[-1].version == version


async def test_an_endless_reply_and_an_endless_list_are_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_REPLY_BYTES", 20_000)
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 20_000)

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b'data: {"choices": [{"delta": {"content": "more "}}]}\n\n' * 100)

    async with serving(pour, "/v1/{any:.*}") as url, Client(url, plain=True) as client:
        with pytest.raises(EngineError, match="endless reply"):
            await told(client)
        with pytest.raises(EngineError, match="endless answer"):
            await client.models()


async def test_a_redirect_is_not_followed() -> None:
    async with Fake() as other:

        async def send_on(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{other.url}/v1/chat/completions")

        async with serving(send_on) as url, Client(url, plain=True) as client:
            with pytest.raises(EngineError, match="307"):
                await told(client)
        assert other.stats.requests == 0


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "0.0.0.0", "::", "224.0.0.1", "100.100.100.200"],
)
def test_an_address_where_a_machine_tells_of_itself_is_forbidden(address: str) -> None:
    assert forbidden(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.2", "8.8.8.8", "ollama.internal"])
def test_a_local_server_may_be_asked(address: str) -> None:
    assert not forbidden(address)


async def test_a_name_that_stands_for_a_forbidden_address_is_not_asked() -> None:
    async with Client("http://0xa9fea9fe", plain=True, resolver=Resolver()) as client:  # 169.254.169.254 to a resolver
        with pytest.raises(EngineUnavailable, match="not to be asked"):
            await client.models()


async def test_a_name_that_stands_for_this_machine_is_asked() -> None:
    async with Fake(Script(text="Hi")) as fake:
        url = fake.url.replace("127.0.0.1", "localhost")
        async with Client(url, plain=True, resolver=Resolver()) as client:
            assert (await told(client))[0].text == "Hi"
