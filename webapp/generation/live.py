"""The live text of replies being written, and the queue and the stop signal, in Redis.

All of it may vanish at any moment: the row in PostgreSQL and the writer's memory can make it again.
"""

from redis.asyncio import Redis

QUEUE, BATCH_QUEUE = "generations", "generations:batch"
GROUP = "workers"
STOP_CHANNEL = "generation:stop"
QUEUE_LENGTH = 10_000  # older entries are dropped; the workers' sweep finds their rows
KEEP_S = 3600  # a live text that nobody ended
LINGER_S = 30  # an ended one, for viewers that are just catching up


def key(generation_id: int) -> str:
    return f"live:{generation_id}"


class LiveText:
    """One reply's live text as its only writer sees it."""

    def __init__(self, redis: Redis, generation_id: int, text: str = ""):
        self.redis, self.key = redis, key(generation_id)
        self.text, self.size = text, len(text.encode())

    async def append(self, piece: str) -> None:
        """Raises RedisError; the text is kept here, and the next append that gets through repairs what was lost."""
        self.text += piece
        data = piece.encode()
        self.size += len(data)
        if await self.redis.append(self.key, data) != self.size:
            await self.redis.set(self.key, self.text.encode(), ex=KEEP_S)

    async def begin(self) -> None:
        await self.redis.set(self.key, self.text.encode(), ex=KEEP_S)

    async def end(self) -> None:
        await self.redis.expire(self.key, LINGER_S)


async def read(redis: Redis, generation_id: int) -> str:
    """The text so far; empty when there is none (or no longer)."""
    found = await redis.get(key(generation_id))
    return found.decode() if isinstance(found, bytes) else ""
