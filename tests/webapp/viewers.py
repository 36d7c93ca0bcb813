"""Browser tabs that look on: sockets to the real ASGI application, over the real Redis, and what comes through them.

tests/webapp/conftest.py hands `look` to every test of the web application: `tab = await look(alice, address)`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest_asyncio
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import Client
from redis.asyncio import Redis

from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.lib import groups

PATIENCE_S = 20


class Tab:
    """`heard` is what came, in order: a dictionary for JSON, a string for the HTML that htmx puts in place."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.heard: list[Any] = []
        self.seen = 0  # how much of it the test has looked at
        self.ended: set[int] = set()  # the replies whose end it has seen
        self.accepted = False
        self.closed: int | None = None  # the code
        self.inbox: asyncio.Queue[dict] = asyncio.Queue()
        self.news = asyncio.Event()
        self.reads = asyncio.Event()  # a test that clears it lets the browser read no more
        self.reads.set()

    async def take(self, message: dict) -> None:
        """What the application sends."""
        await self.reads.wait()
        assert self.closed is None, "sent after the close"
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] == "websocket.close":
            self.closed = message.get("code", 1000)
        else:
            text = message["text"]
            self.heard.append(json.loads(text) if text.startswith("{") else text)
        self.news.set()

    async def say(self, **values: Any) -> None:
        await self.send(json.dumps(values))

    async def send(self, text: str) -> None:
        await self.inbox.put({"type": "websocket.receive", "text": text})

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        """The next thing that is as wanted; what comes before it is passed over."""
        return await self.finds(lambda: self._next(wanted))

    async def finds(self, look: Callable[[], Any]) -> Any:
        """What `look` finds in what was heard so far, as soon as that is not None."""
        found = await self._wait(look)
        assert found is not None, f"closed with {self.closed}; heard {self.heard}"
        return found

    def _next(self, wanted: Callable[[Any], bool]) -> Any:
        while self.seen < len(self.heard):
            self.seen += 1
            if wanted(self.heard[self.seen - 1]):
                return self.heard[self.seen - 1]
        return None

    async def hears_of(self, *names: str) -> dict:
        """The next JSON that has those keys."""
        return await self.hears(lambda said: isinstance(said, dict) and said.keys() >= set(names))

    async def hears_html(self, text: str = "") -> str:
        return await self.hears(lambda said: isinstance(said, str) and text in said)

    async def is_closed(self) -> int | None:
        """The code with which it is closed, once it is."""
        await self._wait(lambda: None)
        return self.closed

    async def is_ready(self) -> None:
        """Returns once it follows what happens, or is closed."""
        await self._wait(lambda: True if any("revision" in said for said in self.heard) else None)

    async def _wait(self, look: Callable[[], Any]) -> Any:
        """What `look` finds; None when the socket is closed."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := look()) is None and self.closed is None:
                    self.news.clear()
                    await self.news.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S} s in vain; heard {self.heard}") from None

    @property
    def way_in(self) -> str:
        """Whether the socket is open, or the code with which it was closed at once."""
        assert self.accepted, "a browser learns the code of an open socket only"
        return "open" if self.closed is None else str(self.closed)


Look = Callable[..., Awaitable[Tab]]


def scope_of(browser: Client, path: str, origin: str) -> dict:
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    headers = [(b"host", b"127.0.0.1"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
    path, _, query = path.partition("?")
    return {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers, "subprotocols": []}


@asynccontextmanager
async def tab_of(user: User | None, path: str, *, origin: str = settings.BASE_URL) -> AsyncIterator[Tab]:
    from webapp.asgi import application  # it wants the static files collected

    tab = Tab(await database_sync_to_async(client_of)(user))
    await tab.inbox.put({"type": "websocket.connect"})
    task = asyncio.create_task(application(scope_of(tab.browser, path, origin), tab.inbox.get, tab.take))
    task.add_done_callback(lambda _: tab.news.set())
    try:
        yield tab
    finally:
        await tab.inbox.put({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(task, PATIENCE_S)


@pytest_asyncio.fixture
async def look(redis: Redis) -> AsyncIterator[Look]:
    async with AsyncExitStack() as stack:

        async def open_tab(user: User | None, where: UUID | str, *, language: str = "en", **options) -> Tab:
            path = where if isinstance(where, str) else f"/ws/chat/{where}/?language={language}"
            tab = await stack.enter_async_context(tab_of(user, path, **options))
            await tab.is_ready()
            return tab

        yield open_tab
    await groups.close()
