"""/healthz says that this process lives; /readyz says of each part whether it is there, and 503 when one is missing."""

import contextlib
from typing import Any

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from inference.client import Client
from webapp.lib import presence

_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    parts = {**await sync_to_async(stores_and_workers)(), "engine": await engine_answers()}
    ready = all(parts.values())
    body: dict[str, Any] = {name: "ready" if up else "missing" for name, up in sorted(parts.items())}
    response = JsonResponse(body, status=200 if ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # to Django a 503 is an error; here it is an answer
    return response


def stores_and_workers() -> dict[str, bool]:
    generation, training = workers()
    return {
        "database": database_answers(),
        "redis": redis_answers(),
        "generation_worker": generation,
        "training_worker": training,
    }


def database_answers() -> bool:
    with contextlib.suppress(DatabaseError, OSError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True
    return False


def redis_answers() -> bool:
    with contextlib.suppress(redis.RedisError, OSError):
        return bool(_redis.ping())
    return False


def workers() -> tuple[bool, bool]:
    with contextlib.suppress(redis.RedisError, OSError):
        return bool(presence.count(_redis, presence.GENERATION)), bool(presence.count(_redis, presence.TRAINING))
    return False, False


async def engine_answers() -> bool:
    async with Client(settings.ENGINE_URL, settings.ENGINE_KEY or None, connect_timeout_s=2) as client:
        return await client.health()
