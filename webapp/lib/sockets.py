"""A socket that hears groups: a Channels consumer which needs no channel layer.

What the browser says and what groups tell take turns, so that a viewer's state has one user at a time. While a turn
lasts, and it lasts as long as a browser that reads slowly makes it, there waits at most one event of each kind.
"""

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, ParamSpec, TypeVar

from channels.consumer import get_handler_name
from channels.db import DatabaseSyncToAsync
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from webapp.lib.groups import Event, ear

log = logging.getLogger(__name__)
THREADS = ThreadPoolExecutor(4, "sockets")  # in which a process's sockets look into the database
BROKEN = 1011  # close code: the browser comes again


Params = ParamSpec("Params")
Result = TypeVar("Result")


def in_thread(look: Callable[Params, Result]) -> Callable[Params, Coroutine[Any, Any, Result]]:
    """As channels' database_sync_to_async, but in several threads: that has all sockets wait for one."""
    return DatabaseSyncToAsync(look, thread_sensitive=False, executor=THREADS)


class Gone(Exception):
    """The socket was closed by us in the middle of a turn."""


class GroupConsumer(AsyncWebsocketConsumer):
    """`reply.ended`, told to a group that it joined, is handled by the method `reply_ended`."""

    channel_layer_alias = ""  # none

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.turn = asyncio.Lock()
        self.inbox: dict[tuple, Event] = {}
        self.reading: asyncio.Task[None] | None = None
        self.joined: list[str] = []
        self.gone = False

    async def join(self, group: str) -> None:
        self.context = contextvars.copy_context()  # events are handled in the context of the socket, its language too
        self.joined.append(group)
        await ear().join(group, self.hear)

    def hear(self, event: Event) -> None:
        """Puts the event in the inbox, in the place of one of its kind that waits there."""
        self.inbox[self.kind(event)] = event
        if self.reading is None and not self.gone:
            self.reading = asyncio.create_task(self._read_inbox(), context=self.context)

    def kind(self, event: Event) -> tuple:
        return event["type"], event.get("id")

    async def dispatch(self, message: dict) -> None:
        """What the browser says. Channels would besides change to another thread for each message, to close old
        database connections: every look into the database does so itself."""
        if self.gone and message["type"] != "websocket.disconnect":
            return
        async with self.turn:
            with contextlib.suppress(Gone):
                await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: dict) -> NoReturn:
        self._forget()
        await self.disconnect(message["code"])
        raise StopConsumer

    async def leave(self, code: int) -> NoReturn:
        """Closes the socket and ends the turn; nothing is heard or told any more."""
        await self.close(code)
        self._forget()
        await self.disconnect(code)
        raise Gone

    def _forget(self) -> None:
        self.gone = True
        self.inbox.clear()
        while self.joined:
            ear().leave(self.joined.pop(), self.hear)

    async def _read_inbox(self) -> None:
        try:
            while self.inbox:
                async with self.turn:
                    if self.inbox:
                        event = self.inbox.pop(next(iter(self.inbox)))
                        await getattr(self, get_handler_name(event))(event)
        except (Gone, OSError):  # the browser has gone, or was told to
            pass
        except Exception:
            log.exception("a socket could not follow")
            with contextlib.suppress(Exception):
                await self.close(BROKEN)
        finally:
            self.reading = None
