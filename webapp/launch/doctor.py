"""What is wrong with an install, in sentences that say what to do. `manage.py doctor` prints them."""

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Iterator

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from inference.client import Client
from inference.errors import InferenceError
from inference.models import InvalidModel, check_model
from webapp.launch import processes

LEAST_FREE_BYTES = 1_000_000_000


def before_start() -> list[str]:
    """What would keep `manage.py up` from working."""
    return [problem for check in (free_port, model_present, disk_space) for problem in check()]


def all_problems() -> list[str]:
    """What is wrong with the install as it runs now."""
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        disk_space,
        model_present,
        database,
        live_store,
        engine,
        page,
    )
    return [problem for check in checks for problem in check()]


def free_port() -> Iterator[str]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.PORT))
        except OSError as error:
            yield (
                f"Port {settings.PORT} cannot be used ({error.strerror}). "
                f"Another program may have it: choose another with PORT, as in `make up PORT={settings.PORT + 1}`."
            )


def model_present() -> Iterator[str]:
    if settings.INFERENCE_URL:
        return
    try:
        check_model(settings.MODEL)
    except InvalidModel as error:
        yield str(error)


def disk_space() -> Iterator[str]:
    place = next(p for p in (settings.DATA_DIR, *settings.DATA_DIR.parents) if p.exists())
    yield from enough_space(shutil.disk_usage(place).free)
    if not os.access(place, os.W_OK):
        yield f"{place} cannot be written to. Give this account the right to, or set DATA_DIR to a place of its own."


def enough_space(free_bytes: int) -> Iterator[str]:
    if free_bytes < LEAST_FREE_BYTES:
        yield (
            f"Only {free_bytes / 1e6:.0f} MB are free on the disk of {settings.DATA_DIR}. "
            "Free at least 1 GB, or set DATA_DIR to a larger disk."
        )


def database() -> Iterator[str]:
    try:
        pending = migrations_pending()
    except (psycopg.Error, DatabaseError, OSError) as error:
        where = "DATABASE_URL" if settings.DATABASE_URL else "the embedded PostgreSQL (is `make up` running?)"
        yield f"The database cannot be reached at {where}: {first_line(error)}."
        return
    if pending:
        yield f"{pending} migrations have not been applied: run `python manage.py migrate`."


def migrations_pending() -> int:
    """Raises what the database driver raises when it cannot be reached."""
    with psycopg.connect(**connection_parameters(), connect_timeout=3):  # quick to fail, where the pool would wait
        pass
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def connection_parameters() -> dict:
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    return {name: parameters[name] for name in wanted if parameters.get(name)}


def live_store() -> Iterator[str]:
    try:
        redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=3).ping()
    except (redis.RedisError, OSError) as error:
        where = "REDIS_URL" if settings.REDIS_URL else "the embedded Redis (is `make up` running?)"
        yield f"Redis cannot be reached at {where}: {first_line(error)}."


def engine() -> Iterator[str]:
    yield from asyncio.run(engine_problems())


async def engine_problems() -> list[str]:
    where = f"INFERENCE_URL ({settings.INFERENCE_URL})" if settings.INFERENCE_URL else "the embedded vLLM"
    async with Client(settings.ENGINE_URL, settings.ENGINE_KEY or None) as client:
        if not await client.health():
            return [f"The engine does not answer at {where}. It may still be loading; its log says more."]
        try:
            names = {card.id for card in await client.models()}
        except InferenceError as error:
            return [f"The engine at {where} refuses to list its models: {error}. Is INFERENCE_API_KEY right?"]
        found = []
        if settings.SERVED_MODEL not in names:
            found.append(
                f"The engine at {where} serves {', '.join(sorted(names)) or 'nothing'}, "
                f"not {settings.SERVED_MODEL}: set SERVED_MODEL to one of these."
            )
        if not await client.serves_adapters():
            found.append(
                f"The engine at {where} cannot load adapters. Start vLLM with --enable-lora "
                "and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 to serve what the team teaches it."
            )
        return found


def page() -> Iterator[str]:
    if not processes.page_answers():
        yield f"No page answers at port {settings.PORT} of this machine: start it with `make up`."


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
