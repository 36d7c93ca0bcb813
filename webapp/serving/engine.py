"""Whether the engine is there, for the page that says what serves."""

from asgiref.sync import async_to_sync
from django.conf import settings

from inference.client import Client

PATIENCE_S = 2.0


@async_to_sync
async def answers() -> bool:
    async with Client(settings.ENGINE_URL, settings.ENGINE_KEY or None, connect_timeout_s=PATIENCE_S) as client:
        return await client.health()
