"""Tells what a worker's writers have written: all that has gathered in FLUSH_S, longer under load, in one command to
Redis. The first words of a reply do not wait for that."""

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from webapp.generation import events, live
from webapp.lib import groups

if TYPE_CHECKING:
    from webapp.generation.writer import Writer

log = logging.getLogger(__name__)
FLUSH_S = 0.04
CALM = 32  # replies at once up to which text is told at full pace
LONGEST = 4.0  # × FLUSH_S


class Teller:
    """One per worker; its writers call `wake` when they have something pending."""

    def __init__(self, redis: Redis):
        self.redis = redis
        self.due: set[Writer] = set()
        self.first = asyncio.Event()  # somebody's first words are among what is due
        self.telling = asyncio.Lock()
        self.writers = 0  # at work

    def wake(self, writer: "Writer") -> None:
        self.due.add(writer)
        if writer.silent:
            self.first.set()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self.pause_s):
                    await self.first.wait()
            except TimeoutError:
                await self.tell(self.due)
            else:
                self.first.clear()
                await self.tell({writer for writer in self.due if writer.silent})

    @property
    def pause_s(self) -> float | None:
        return None if not self.writers else FLUSH_S * min(LONGEST, max(1.0, self.writers / CALM))

    async def tell(self, writers: "set[Writer]") -> None:
        """What these have pending, unless a lease is in doubt."""
        async with self.telling:  # one command after another, so that the texts grow in order
            speaking = [writer for writer in writers if writer.pending and writer.ours]
            self.due.difference_update(speaking)
            if speaking:
                await self._tell(speaking)

    async def _tell(self, writers: "list[Writer]") -> None:
        told: list[tuple[str, groups.Event]] = []
        pieces: list[tuple[live.LiveText, bytes]] = []
        for writer in writers:
            offset, piece = len(writer.live.text), writer.take()
            pieces.append((writer.live, writer.live.add(piece)))
            told.append((writer.generation.channel, events.delta(writer.generation.pk, offset, piece)))
        try:
            await live.append(self.redis, pieces, groups.CHANNEL, groups.encode(told))
        except (RedisError, OSError) as error:
            log.warning("the live texts are behind: %s", error)
