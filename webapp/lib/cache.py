"""Django's Redis cache with one pool of connections a process. Django makes a cache object for each request's thread,
and with it a pool: every page would begin with a new connection to Redis."""

from functools import cached_property, lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class SharedRedisCache(RedisCache):
    @cached_property
    def _cache(self) -> Any:
        return _client(tuple(self._servers))  # type: ignore[attr-defined]  # django-stubs do not know it


@lru_cache
def _client(servers: tuple[str, ...]) -> RedisCacheClient:
    return RedisCacheClient(list(servers))
