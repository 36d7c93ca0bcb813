"""vLLM itself is killed while it writes."""

import asyncio

import aiohttp

from tests.bench.sockets import ChatSocket
from tests.launch.product import Product
from tests.launch.visitor import Visitor

QUESTIONS = [f"Tell me a long story, please. Number {number}." for number in range(12)]
PATIENCE_S = 120


async def socket_of(http: aiohttp.ClientSession, visitor: Visitor, conversation: str) -> ChatSocket:
    session = visitor.http.cookies["colloquy_session"]
    url = str(visitor.http.base_url).rstrip("/")
    return await ChatSocket.open(http, url, conversation.strip("/").rpartition("/")[2], session)


async def caught_writing(http: aiohttp.ClientSession, visitor: Visitor) -> ChatSocket:
    """A page whose reply has begun and is being written. Some are over before one looks."""
    for question in QUESTIONS:
        socket = await socket_of(http, visitor, await asyncio.to_thread(visitor.write, question))
        while not socket.text(socket.last) and not socket.status(socket.last):
            await socket.hear()
        if not socket.status(socket.last):
            return socket
        await socket.ws.close()
    raise AssertionError("every reply was over at once")


async def test_another_engine_goes_on_from_the_text_already_written(up: Product, alice: Visitor) -> None:
    await asyncio.to_thread(up.wait_until_ready)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http, asyncio.timeout(PATIENCE_S):
        socket = await caught_writing(http, alice)
        killing = asyncio.create_task(asyncio.to_thread(up.kill, "engine"))
        begun = socket.text(socket.last)
        while not socket.status(socket.last):
            await socket.hear()
        assert socket.status(socket.last) == "done"
        assert socket.text(socket.last).startswith(begun)
        await killing
        await socket.ws.close()
