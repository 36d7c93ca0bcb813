"""Groups: who looks on at something hears what is told of it, whichever process either is in.

    tell("chat.7", {"type": "chat.changed"})           from code that is not async; `atell` from code that is
    await ear().join("chat.7", hear)                   then hear(event) is called, in this event loop

One Redis channel carries it all, and each process picks out what it has hearers for: Channels' layer spends a
subscription on each viewer and two tasks on each event (tests/bench/README.md). An event has a `type`. What is told may
be lost, since the rows are the truth; after a gap every hearer hears MISSED.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import redis
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
CHANNEL = "groups"
AGAIN_S = 0.5  # between two attempts to listen
PATIENCE_S = 2.0

Event = dict[str, Any]
Hear = Callable[[Event], None]  # must be quick and never fail
MISSED: Event = {"type": "groups.missed"}

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, Event]]).decode


def encode(told: list[tuple[str, Event]]) -> bytes:
    """What is published on CHANNEL to tell several groups at once."""
    return _encode(told)


def tell(group: str, event: Event) -> None:
    try:
        _store(settings.LIVE_URL).publish(CHANNEL, encode([(group, event)]))
    except (RedisError, OSError) as error:
        log.warning("nobody heard %s: %s", event["type"], error)


async def atell(group: str, event: Event) -> None:
    try:
        await ear().redis.publish(CHANNEL, encode([(group, event)]))
    except (RedisError, OSError) as error:
        log.warning("nobody heard %s: %s", event["type"], error)


@lru_cache
def _store(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S)


class Ear:
    """One event loop's: hears everything, and passes on what is for a group that somebody in this loop has joined."""

    def __init__(self, url: str):
        self.redis = redis.asyncio.Redis.from_url(url)
        self.groups: dict[str, set[Hear]] = {}
        self.listening = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def join(self, group: str, hear: Hear) -> None:
        """From here on `hear` hears that group, Redis permitting: where it is away, as soon as it is back."""
        self.groups.setdefault(group, set()).add(hear)
        if self.task is None:
            self.task = asyncio.create_task(self._listen())
        if not self.listening.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.listening.wait(), PATIENCE_S)

    def leave(self, group: str, hear: Hear) -> None:
        hearers = self.groups.get(group, set())
        hearers.discard(hear)
        if not hearers:
            self.groups.pop(group, None)

    async def close(self) -> None:
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.redis.aclose()

    async def _listen(self) -> None:
        missed = False
        while True:
            try:
                await self._hear(missed)
            except (RedisError, OSError) as error:
                log.warning("nothing is heard of what changes: %s: %s", type(error).__name__, error)
            self.listening.clear()
            missed = True
            await asyncio.sleep(AGAIN_S)

    async def _hear(self, missed: bool) -> None:
        async with self.redis.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            async for message in pubsub.listen():
                if message["type"] == "message":
                    self._pass_on(message["data"])
                elif message["type"] == "subscribe":  # also when the client has quietly connected again
                    self.listening.set()
                    if missed:
                        self._tell_all(MISSED)
                    missed = True

    def _pass_on(self, data: bytes) -> None:
        for group, event in _decode(data):
            for hear in tuple(self.groups.get(group, ())):
                hear(event)

    def _tell_all(self, event: Event) -> None:
        for hear in {hear for hearers in self.groups.values() for hear in hearers}:
            hear(event)


_ears: WeakKeyDictionary[asyncio.AbstractEventLoop, Ear] = WeakKeyDictionary()


def ear() -> Ear:
    """The running loop's."""
    loop = asyncio.get_running_loop()
    if loop not in _ears:
        _ears[loop] = Ear(settings.LIVE_URL)
    return _ears[loop]


async def close() -> None:
    """Before the running loop ends."""
    if found := _ears.pop(asyncio.get_running_loop(), None):
        await found.close()
