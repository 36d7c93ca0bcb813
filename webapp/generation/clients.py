"""The open clients of one generation worker: the engine's, and one for each endpoint while it is in use."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from channels.db import database_sync_to_async

from inference.client import Client
from webapp.generation.endpoints import Unusable, client_of
from webapp.generation.models import Endpoint, Failure, Generation

IDLE_S = 300.0


@dataclass(slots=True, eq=False)
class Held:
    """An open client, made of that row's `made_of`."""

    client: Client
    made_of: tuple
    users: int = 0
    idle_since: float = 0.0


class Clients:
    """An endpoint's client serves all its replies. It is closed with the last of them once the endpoint has changed,
    and when nobody asked for IDLE_S, as of an endpoint that is gone."""

    def __init__(self, engine: Client):
        self.engine = engine
        self.held: dict[int, Held] = {}

    @asynccontextmanager
    async def of(self, generation: Generation) -> AsyncIterator[Client]:
        """The open client of whoever is to write this reply. Raises Unusable."""
        if not generation.server:
            yield self.engine
            return
        held = await self._take(await database_sync_to_async(endpoint_of)(generation))
        held.users += 1
        try:
            yield held.client
        finally:
            held.users -= 1
            held.idle_since = time.monotonic()
            if not held.users and held not in self.held.values():
                await held.client.__aexit__()

    async def close_idle(self) -> None:
        long_ago = time.monotonic() - IDLE_S
        for number, held in list(self.held.items()):
            if not held.users and held.idle_since < long_ago:
                del self.held[number]
                await held.client.__aexit__()

    async def close(self) -> None:
        while self.held:
            _, held = self.held.popitem()
            await held.client.__aexit__()

    async def _take(self, endpoint: Endpoint) -> Held:
        made_of = (endpoint.url, endpoint.sealed_key, endpoint.is_vllm)
        held = self.held.get(endpoint.pk)
        if held and held.made_of == made_of:
            return held
        fresh = Held(await client_of(endpoint).__aenter__(), made_of)
        self.held[endpoint.pk] = fresh
        if held and not held.users:
            await held.client.__aexit__()
        return fresh


def endpoint_of(generation: Generation) -> Endpoint:
    found = Endpoint.objects.filter(pk=generation.endpoint_id or 0).first()
    if found is None:
        raise Unusable(Failure.ENDPOINT_GONE)
    return found
