"""Groups as a Channels layer, for consumers that are written against one. A consumer that is heavily used joins groups
itself (webapp/lib/sockets.py), which is lighter."""

import asyncio
import uuid
from collections.abc import Callable

from webapp.lib.groups import MISSED, Event, atell, ear

LONGEST_QUEUE = 200  # events that wait for one consumer; later ones are dropped, as a layer may


class Layer:
    """Events for one channel come from the groups that it was added to; nothing is sent to a channel by name."""

    extensions = ("groups",)

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[Event]] = {}
        self.hearers: dict[tuple[str, str], Callable[[Event], None]] = {}

    async def new_channel(self, prefix: str = "specific.") -> str:
        name = f"{prefix}{uuid.uuid4().hex}"
        self.queues[name] = asyncio.Queue(LONGEST_QUEUE)
        return name

    async def receive(self, channel: str) -> Event:
        try:
            return await self.queues[channel].get()
        except asyncio.CancelledError:  # the consumer has gone
            del self.queues[channel]
            for group, name in [key for key in self.hearers if key[1] == channel]:
                await self.group_discard(group, name)
            raise

    async def group_add(self, group: str, channel: str) -> None:
        queue = self.queues[channel]

        def hear(event: Event) -> None:
            if event != MISSED and not queue.full():
                queue.put_nowait(event)

        self.hearers[group, channel] = hear
        await ear().join(group, hear)

    async def group_discard(self, group: str, channel: str) -> None:
        if hear := self.hearers.pop((group, channel), None):
            ear().leave(group, hear)

    async def group_send(self, group: str, event: Event) -> None:
        await atell(group, event)
