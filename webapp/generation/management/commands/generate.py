"""`manage.py generate`: a generation worker. Run as many as you like, on as many machines."""

import asyncio
import contextlib
import signal

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand
from redis.asyncio import Redis

from inference.client import Client
from webapp.generation.worker import Worker


class Command(BaseCommand):
    help = "Write the replies that people ask for."
    requires_system_checks: list = []

    def handle(self, *args, **options) -> None:
        uvloop.run(work())


async def work() -> None:
    redis = Redis.from_url(settings.LIVE_URL)
    async with Client(settings.ENGINE_URL, settings.ENGINE_KEY or None) as client:
        task = asyncio.create_task(Worker(client, redis).run())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await redis.aclose()
