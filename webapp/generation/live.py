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

    def __init__(self, generation_id: int, text: str = ""):
        self.key = key(generation_id)
        self.text, self.size = text, len(text.encode())

    def add(self, piece: str) -> bytes:
        data = piece.encode()
        self.text += piece
        self.size += len(data)
        return data

    async def store(self, redis: Redis) -> None:
        """The whole of it. Raises RedisError."""
        await redis.set(self.key, self.text.encode(), ex=KEEP_S)


# KEYS: live texts. ARGV: what to publish, the channel, KEEP_S; for each text what is appended and its size after that.
# Returns the numbers of those texts of which something is missing.
APPEND = """
local short = {}
for i, key in ipairs(KEYS) do
  local piece = ARGV[2 * i + 2]
  local size = redis.call('APPEND', key, piece)
  if size == #piece then redis.call('EXPIRE', key, ARGV[3]) end
  if size ~= tonumber(ARGV[2 * i + 3]) then short[#short + 1] = i end
end
redis.call('PUBLISH', ARGV[2], ARGV[1])
return short
"""


async def append(redis: Redis, pieces: list[tuple[LiveText, bytes]], channel: str, told: bytes) -> None:
    """Appends what was added to each text, and publishes, in one command however many there are. Raises RedisError;
    what Redis has lost since, the next append that gets through repairs."""
    texts = [text for text, _ in pieces]
    values = [value for text, data in pieces for value in (data, text.size)]
    keys = [text.key for text in texts]
    for number in await redis.register_script(APPEND)(keys, [told, channel, KEEP_S, *values]):
        await texts[number - 1].store(redis)


async def end(redis: Redis, generation_id: int, channel: str, told: bytes) -> None:
    """Publishes that word of a reply's end; its live text stays for a moment. Raises RedisError."""
    both = redis.pipeline(transaction=False)
    both.publish(channel, told)
    both.expire(key(generation_id), LINGER_S)
    await both.execute()


async def read(redis: Redis, generation_id: int) -> str:
    """The text so far; empty when there is none (or no longer)."""
    found = await redis.get(key(generation_id))
    return found.decode() if isinstance(found, bytes) else ""
