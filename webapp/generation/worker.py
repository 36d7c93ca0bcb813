"""A generation worker: takes the ids of replies that are asked for, and writes up to `concurrency` of them at once.

Any number of workers may run. Redis hands each id to one of them; what Redis forgot, and what a dead worker left, the
sweep finds in the database.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from inference.client import Client
from webapp.generation import adapters, leases, live
from webapp.generation.clients import Clients
from webapp.generation.teller import Teller
from webapp.generation.writer import Writer
from webapp.lib import presence

log = logging.getLogger(__name__)
SWEEP_S = 2.0
LISTEN_S = 2.0
AFTER_TROUBLE_S = 1.0


class Worker:
    def __init__(self, client: Client, redis: Redis, *, concurrency: int | None = None):
        self.clients, self.redis = Clients(client), redis
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.teller = Teller(redis)
        self.concurrency = concurrency or settings.GENERATION_CONCURRENCY
        self.writers: dict[int, Writer] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled; then it lets go of its replies, and another worker goes on with them."""
        loops = (
            self._listen,
            self._sweep,
            self._renew,
            self._hear_stops,
            self._be_seen,
            self.teller.run,
            self._keep_adapters,
        )
        try:
            async with asyncio.TaskGroup() as group:
                for loop in loops:
                    group.create_task(self._forever(loop))
        finally:
            for task in self.tasks.values():
                task.cancel()
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)
            await self.clients.close()

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Runs the loop again after the stores were away for a moment."""
        while True:
            try:
                await loop()
            except (RedisError, DatabaseError, OSError) as error:
                log.warning("%s: %s: %s", loop.__name__.strip("_"), type(error).__name__, error)
                await asyncio.sleep(AFTER_TROUBLE_S)

    async def _listen(self) -> None:
        for queue in (live.QUEUE, live.BATCH_QUEUE):
            with contextlib.suppress(ResponseError):  # the group is there already
                await self.redis.xgroup_create(queue, live.GROUP, id="0", mkstream=True)
        while True:
            await self._until_there_is_room()
            await self._begin(await self._next_ids())

    async def _next_ids(self) -> list[int]:
        """One round trip; people's replies come before batch work. No acknowledgement: the row has a lease."""
        streams: dict[Any, Any] = {live.QUEUE: ">", live.BATCH_QUEUE: ">"}
        room = self.concurrency - len(self.writers)
        answer: Any = await self.redis.xreadgroup(
            live.GROUP, self.owner, streams, count=min(room, 16), block=int(LISTEN_S * 1000), noack=True
        )
        return [int(fields[b"id"]) for _, entries in answer for _, fields in entries]

    async def _sweep(self) -> None:
        while True:
            room = self.concurrency - len(self.writers)
            if room > 0:
                await self._begin(await database_sync_to_async(leases.unclaimed)(room))
            await self.clients.close_idle()
            await asyncio.sleep(SWEEP_S)

    async def _begin(self, generation_ids: list[int]) -> None:
        # A lease of ours that lapsed while we were held up is no news: the next beat renews it.
        if not (wanted := [number for number in generation_ids if number not in self.writers]):
            return
        for generation in await database_sync_to_async(leases.claim)(wanted, self.owner):
            writer = Writer(generation, self.owner, self.clients, self.teller)
            self.writers[generation.pk] = writer
            self.teller.writers = len(self.writers)
            self.tasks[generation.pk] = asyncio.create_task(self._write(writer))

    async def _write(self, writer: Writer) -> None:
        try:
            await writer.run()
        except asyncio.CancelledError:
            await asyncio.shield(database_sync_to_async(leases.release)(writer.generation.pk, self.owner))
            raise
        except Exception:
            log.exception("reply %s", writer.generation.pk)
            await database_sync_to_async(leases.release)(writer.generation.pk, self.owner)
        finally:
            del self.writers[writer.generation.pk], self.tasks[writer.generation.pk]
            self.teller.writers = len(self.writers)

    async def _renew(self) -> None:
        while True:
            held, asked_at = dict(self.writers), time.monotonic()
            if held:
                mine = await database_sync_to_async(leases.renew)(self.owner)
                for generation_id, writer in held.items():
                    self._heed(writer, mine.get(generation_id), asked_at)
            await asyncio.sleep(leases.RENEW_S)

    def _heed(self, writer: Writer, stop_requested: bool | None, asked_at: float) -> None:
        """stop_requested is None when the row is ours no longer: another worker has it, or it has ended."""
        if stop_requested is not None:
            writer.renewed_at = asked_at
            if stop_requested:
                writer.stopping.set()
        elif not writer.ending and (task := self.tasks.get(writer.generation.pk)):
            task.cancel()

    async def _hear_stops(self) -> None:
        async with self.redis.pubsub() as pubsub:
            await pubsub.subscribe(live.STOP_CHANNEL)
            async for message in pubsub.listen():
                if message["type"] == "message" and (writer := self.writers.get(int(message["data"]))):
                    writer.stopping.set()

    async def _be_seen(self) -> None:
        while True:
            await presence.mark(self.redis, presence.GENERATION, self.owner)
            await asyncio.sleep(presence.EVERY_S)

    async def _keep_adapters(self) -> None:
        await adapters.keep(self.clients.engine)

    async def _until_there_is_room(self) -> None:
        while len(self.writers) >= self.concurrency:
            await asyncio.wait(self.tasks.values(), return_when=asyncio.FIRST_COMPLETED)
