"""The process list: every part that `manage.py up` runs, in the order in which they start."""

import os
import signal
import sys
import urllib.request

from django.conf import settings

from webapp.launch import embedded
from webapp.launch.parts import Part


def stores() -> list[Part]:
    """What keeps data, and must answer before anything else starts."""
    found = []
    if not settings.DATABASE_URL:
        found.append(embedded.postgres())
    if not settings.REDIS_URL:
        found.append(embedded.redis())
    return found


def engines() -> list[Part]:
    return [] if settings.INFERENCE_URL else [embedded.engine()]


def workers() -> list[Part]:
    return [web(), generation_worker(), training_worker()]


def web() -> Part:
    host = os.environ.get("HOST", "127.0.0.1")
    argv = (
        *(sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--host", host, "--port", str(settings.PORT)),
        *("--lifespan", "off", "--ws", "websockets-sansio", "--no-access-log", "--log-level", "warning"),
        *("--ws-max-size", "1048576", "--ws-per-message-deflate", "false"),  # 35 KB a socket, more CPU than it saves
        *("--timeout-graceful-shutdown", "3", "--no-server-header"),
    )
    return Part(name="web", argv=argv, ready=page_answers, directory=settings.BASE_DIR)


def page_answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/healthz", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


def generation_worker() -> Part:
    return Part(name="generate", argv=manage("generate"), ready=lambda: True, directory=settings.BASE_DIR)


def training_worker() -> Part:
    argv = (
        *(sys.executable, "-W", "ignore:You're running the worker"),  # as root, which it says over seven lines
        *("-m", "celery", "--quiet", "-A", "webapp.celery", "worker", "-Q", "celery,training"),
        *("--pool", "threads", "--concurrency", "4"),  # a run is a process of its own, and holds up nothing else
        *("--loglevel", "warning", "--without-gossip", "--without-mingle"),
    )
    return Part(
        name="train",
        argv=argv,
        ready=lambda: True,
        directory=settings.BASE_DIR,
        stop_timeout_s=30,  # a run saves a checkpoint first
        orphan_signal=signal.SIGKILL,  # stopped together with its Redis, Celery may wait for it for ever
    )


def manage(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(settings.BASE_DIR / "manage.py"), *words)
