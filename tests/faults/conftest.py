"""One product against the fake engine, with a second web process beside the first, for all that is done to them."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
import pytest
import pytest_asyncio

from tests.bench.house import House, Seat, house
from tests.bench.sockets import ChatSocket
from tests.launch.product import ROOT, free_port, wait_for

PATIENCE_S = 60


@pytest.fixture(scope="package")
def _home() -> Iterator[House]:
    with house(3) as home:
        yield home


@pytest.fixture
def home(_home: House) -> Iterator[House]:
    """The product, all parts of it up; its engine echoes until a test tells it otherwise."""
    _home.product.wait_until_ready()
    yield _home
    if _home.engine.process.poll() is not None:
        _home.engine.start()
    _home.engine.script()
    _home.engine.fail(times=0)


@pytest.fixture(scope="package")
def second_web(_home: House) -> Iterator[str]:
    """The address of another web process over the same stores."""
    port = free_port()
    words = ["-m", "uvicorn", "webapp.asgi:application", "--port", str(port), "--lifespan", "off"]
    words += ["--ws", "websockets-sansio", "--log-level", "warning"]
    environment = {**_home.product.environment, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{url}/healthz").status_code == 200
        return False

    wait_for(answers, "the second web process")
    yield url
    process.terminate()
    process.wait()


@dataclass
class Page:
    """An open conversation in somebody's browser, which comes back when its socket breaks."""

    home: House
    http: aiohttp.ClientSession
    seat: Seat
    conversation: str
    url: str
    socket: ChatSocket

    @property
    def text(self) -> str:
        """Of the newest reply."""
        return self.socket.text(self.socket.last)

    @property
    def status(self) -> str:
        return self.socket.status(self.socket.last)

    async def ask(self, text: str, client_id: str = "") -> None:
        await self.socket.say(text, client_id or os.urandom(16).hex())
        await self.socket.hears("posted")

    async def shows(self, words: int) -> str:
        """The reply's text, once it has so many words."""
        await self.until(lambda: len(self.text.split()) >= words)
        return self.text

    async def end(self) -> tuple[str, str]:
        """Status and text of the reply, once it has ended, whatever happens to the socket."""
        await self.until(lambda: bool(self.status))
        return self.status, self.text

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                try:
                    await self.socket.hear()
                except ConnectionError:
                    await self.come_back()

    async def come_back(self) -> None:
        """Opens the socket again, as often as it takes."""
        await self.socket.ws.close()
        while True:
            try:
                self.socket = await ChatSocket.open(self.http, self.url, self.conversation, self.seat.session)
                await self.socket.hears("revision")
                return
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self.socket.ws.close()

    async def stop(self) -> None:
        """Presses the button."""
        cookies = f"colloquy_session={self.seat.session}; colloquy_csrf={'c' * 32}"
        headers = {"Cookie": cookies, "X-CSRFToken": "c" * 32, "HX-Request": "true", "Origin": self.url}
        async with self.http.post(f"{self.url}/chat/{self.conversation}/stop/", headers=headers) as answer:
            assert answer.status == 204


Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def open_page(home: House) -> AsyncIterator[Open]:
    """`await open_page()`: the first person's browser at a new conversation of theirs, which the team may see.
    `await open_page(page, person=1, url=second_web)`: somebody else's at the same one. `receives`: so many bytes that
    are not read yet its connection takes."""
    async with contextlib.AsyncExitStack() as stack:

        async def browser(receives: int) -> aiohttp.ClientSession:
            def socket_of(address: Any) -> socket.socket:
                made = socket.socket(address[0], address[1])
                if receives:
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
                return made

            connector = aiohttp.TCPConnector(socket_factory=socket_of)
            made = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            return await stack.enter_async_context(made)

        async def open_page(same: Page | None = None, *, person: int = 0, url: str = "", receives: int = 0) -> Page:
            http, seat, url = await browser(receives), home.seats[person], url or home.url
            made = same.conversation if same else (await asyncio.to_thread(home.conversations, [seat], shared=True))[0]
            page = Page(home, http, seat, made, url, await ChatSocket.open(http, url, made, seat.session))
            stack.push_async_callback(page.close)
            await page.socket.hears("revision")
            return page

        yield open_page
