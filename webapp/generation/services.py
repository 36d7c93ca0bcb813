"""Asking for a reply, and stopping one. Whoever asks listens to its channel and to `generation_ended`."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inference.messages import Message, Priority, SamplingParams
from webapp.generation import events, live
from webapp.generation.models import Generation, Status, plain_params, plain_prompt
from webapp.generation.signals import generation_ended
from webapp.lib.groups import tell

log = logging.getLogger(__name__)
_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


@transaction.atomic
def request_generation(
    *,
    channel: str,
    model: str,
    messages: list[Message],
    params: SamplingParams,
    priority: int = Priority.INTERACTIVE,
    cache_salt: str = "",
) -> Generation:
    """A queued Generation; a worker hears of it when the transaction commits."""
    generation = Generation.objects.create(
        channel=channel,
        model=model,
        prompt=plain_prompt(messages),
        params=plain_params(params),
        priority=priority,
        cache_salt=cache_salt,
    )
    transaction.on_commit(lambda: enqueue(generation.pk, priority))
    return generation


def enqueue(generation_id: int, priority: int) -> None:
    queue = live.QUEUE if priority <= Priority.INTERACTIVE else live.BATCH_QUEUE
    hurry(lambda: _redis.xadd(queue, {"id": generation_id}, maxlen=live.QUEUE_LENGTH, approximate=True))


def hurry(send: Callable[[], object]) -> None:
    """Sends what only speeds things up: without Redis the workers' sweep finds the row a few seconds later."""
    try:
        send()
    except (redis.RedisError, OSError) as error:
        log.warning("Redis did not take a message (%s): the next sweep does without it", error)


@transaction.atomic
def stop_generation(generation: Generation) -> None:
    """Keeps what was written. A queued reply stops here; a streaming one when its worker hears of it, at once or at its
    next heartbeat (the request is a column, so that it survives Redis)."""
    if end(generation, where={"status": Status.QUEUED}, status=Status.STOPPED):
        transaction.on_commit(lambda: tell(generation.channel, events.ended(generation.pk)))
        return
    Generation.objects.filter(pk=generation.pk, status=Status.STREAMING).update(stop_requested=True)
    transaction.on_commit(lambda: hurry(lambda: _redis.publish(live.STOP_CHANNEL, generation.pk)))


@transaction.atomic
def end(generation: Generation, *, where: dict, status: Status, **outcome) -> bool:
    """The one guarded UPDATE that ends a reply. False, and nothing changes, when the row is not as `where` says."""
    values = {"status": status, "waiting": "", "finished_at": timezone.now(), "lease_until": None, **outcome}
    if not Generation.objects.filter(pk=generation.pk, **where).update(**values):
        return False
    for name, value in values.items():
        setattr(generation, name, value)
    generation_ended.send(sender=Generation, generation=generation)
    return True
