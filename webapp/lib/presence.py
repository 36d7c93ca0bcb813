"""Which workers are alive: each marks itself in Redis every EVERY_S, and is forgotten GONE_S after its last mark."""

import redis
import redis.asyncio

GENERATION, TRAINING = "generation", "training"
EVERY_S, GONE_S = 3, 10


async def mark(store: redis.asyncio.Redis, kind: str, name: str) -> None:
    await store.set(f"worker:{kind}:{name}", 1, ex=GONE_S)


def mark_now(store: redis.Redis, kind: str, name: str) -> None:
    store.set(f"worker:{kind}:{name}", 1, ex=GONE_S)


def count(store: redis.Redis, kind: str) -> int:
    return sum(1 for _ in store.scan_iter(f"worker:{kind}:*", count=100))
