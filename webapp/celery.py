"""The Celery application: work that takes minutes or hours runs in its workers, training on the queue `training`.

Run one with `celery -A webapp.celery worker -Q celery,training`.
"""

import contextlib
import os

from celery import Celery
from celery.signals import heartbeat_sent, worker_ready
from redis import Redis
from redis.exceptions import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

from django.conf import settings

from webapp.lib import presence

app = Celery("colloquy")
app.conf.update(settings.CELERY)
app.autodiscover_tasks()

DAY_S, CATCH_UP_S = 24 * 60 * 60, 10 * 60
_redis = Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


@heartbeat_sent.connect
def be_seen(sender, **kwargs) -> None:
    """Each beat of a worker says that it is there; /readyz counts them."""
    with contextlib.suppress(RedisError):
        presence.mark_now(_redis, presence.TRAINING, sender.eventer.hostname)


@worker_ready.connect
def tidy_daily(sender, **kwargs) -> None:
    """When a worker starts and each day after: a timer of the worker's own, where `beat` would be a process more."""
    catch_up = app.signature("webapp.launch.tasks.catch_up")
    catch_up.delay()
    sender.timer.call_repeatedly(CATCH_UP_S, catch_up.delay)
    tidy = app.signature("webapp.launch.tasks.forget_what_lapsed")
    tidy.delay()
    sender.timer.call_repeatedly(DAY_S, tidy.delay)
