"""Who looks at a shared conversation now. Each tab marks itself in Redis every EVERY_S, and is forgotten GONE_S after
its last mark: also one whose browser or server died. Private conversations have none of this."""

import time
from uuid import UUID, uuid4

import msgspec
from redis.asyncio import Redis

from webapp.accounts.models import User

EVERY_S, GONE_S = 3.0, 8.0


class Person(msgspec.Struct, frozen=True, order=True):
    name: str
    initials: str
    id: int


class Tab(msgspec.Struct, frozen=True):
    """A member of the sorted set; its score is when it is forgotten (Unix time)."""

    person: Person
    tab: str


class Presence:
    """One tab's. Raises RedisError where Redis is away."""

    def __init__(self, redis: Redis, conversation_id: UUID, user: User):
        self.redis, self.key = redis, f"present:{conversation_id}"
        self.person = Person(str(user), user.initials, user.pk)
        self.mine = msgspec.json.encode(Tab(self.person, uuid4().hex))

    async def mark(self) -> list[Person]:
        """Says that this tab is there; returns who else is, each person once, by name."""
        now = time.time()
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.zadd(self.key, {self.mine: now + GONE_S})
            pipe.zremrangebyscore(self.key, "-inf", now)
            pipe.expire(self.key, round(GONE_S * 2))
            pipe.zrange(self.key, 0, -1)
            *_, members = await pipe.execute()
        people = {msgspec.json.decode(member, type=Tab).person for member in members}
        return sorted(person for person in people if person.id != self.person.id)

    async def leave(self) -> None:
        await self.redis.zrem(self.key, self.mine)
