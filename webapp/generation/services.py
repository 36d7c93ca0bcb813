"""Asking for a reply, and stopping one. Whoever asks listens to its channel and to `generation_ended`."""

import logging
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inference.messages import Message, Priority, SamplingParams
from webapp.generation import events, live
from webapp.generation.models import ACTIVE, Endpoint, Failure, Generation, Status, plain_params, plain_prompt
from webapp.generation.signals import generation_ended
from webapp.lib import rows
from webapp.lib.groups import tell

log = logging.getLogger(__name__)
AFRESH = {
    "status": Status.QUEUED, "stop_requested": False, "failure": "", "finish_reason": "", "finished_at": None,
    "owner": "", "lease_until": None, "attempts": 0,
}  # fmt: skip
_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


@transaction.atomic(savepoint=False)
def request_generation(
    *,
    channel: str,
    model: str,
    messages: list[Message],
    params: SamplingParams,
    priority: int = Priority.INTERACTIVE,
    cache_salt: str = "",
    version: str = "",
    endpoint: Endpoint | None = None,
) -> Generation:
    """A queued Generation; a worker hears of it when the transaction commits. `endpoint`: who writes, if not the
    engine; `version` of the model, as far as it is known before its server is asked."""
    generation = Generation(
        channel=channel,
        model=model,
        prompt=plain_prompt(messages),
        params=plain_params(params),
        priority=priority,
        cache_salt=cache_salt,
        version=version,
        endpoint=endpoint,
        server=endpoint.name if endpoint else "",
    )
    rows.insert(generation)
    transaction.on_commit(lambda: enqueue(generation.pk, priority))
    return generation


@transaction.atomic
def request_batch(
    *, channel: str, model: str, prompts: list[list[Message]], params: SamplingParams, cache_salt: str = "",
    version: str = "", endpoint: Endpoint | None = None,
) -> list[Generation]:  # fmt: skip
    """Many that nobody waits for: one INSERT, and one command to Redis when the transaction commits."""
    common = {"channel": channel, "model": model, "params": plain_params(params), "priority": Priority.BATCH}
    common |= {"cache_salt": cache_salt, "version": version, "endpoint": endpoint}
    common["server"] = endpoint.name if endpoint else ""
    made = Generation.objects.bulk_create(Generation(prompt=plain_prompt(prompt), **common) for prompt in prompts)
    transaction.on_commit(lambda: enqueue_batch([generation.pk for generation in made]))
    return made


def enqueue_batch(ids: list[int]) -> None:
    pipeline = _redis.pipeline(transaction=False)
    for generation_id in ids:
        pipeline.xadd(live.BATCH_QUEUE, {"id": generation_id}, maxlen=live.QUEUE_LENGTH, approximate=True)
    hurry(pipeline.execute)


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
    if _end_queued(generation, status=Status.STOPPED):
        return
    Generation.objects.filter(pk=generation.pk, status=Status.STREAMING).update(stop_requested=True)
    transaction.on_commit(lambda: hurry(lambda: _redis.publish(live.STOP_CHANNEL, generation.pk)))


@transaction.atomic
def continue_generation(generation: Generation) -> bool:
    """Queues a reply that was cut off or stopped once more, to go on from its text. False, and nothing changes, when
    it is whole, empty, or being written."""
    text = generation.text.rstrip()  # some templates drop the white space, and the model then writes it anew
    ended = Generation.objects.filter(pk=generation.pk).exclude(status__in=ACTIVE)
    if not generation.may_go_on or not ended.update(**AFRESH, text=text):
        return False
    transaction.on_commit(lambda: hurry(lambda: _redis.set(live.key(generation.pk), text, ex=live.KEEP_S)))
    transaction.on_commit(lambda: enqueue(generation.pk, generation.priority))
    return True


@transaction.atomic
def fail_queued(generation: Generation, failure: Failure) -> bool:
    """Ends a reply that nobody writes yet. False when it is not waiting any more."""
    return _end_queued(generation, status=Status.FAILED, failure=failure)


def _end_queued(generation: Generation, **outcome: Any) -> bool:
    if not end(generation, where={"status": Status.QUEUED}, **outcome):
        return False
    transaction.on_commit(lambda: tell(generation.channel, events.ended(generation.pk)))
    return True


@transaction.atomic
def end(generation: Generation, *, where: dict, status: Status, **outcome) -> bool:
    """The one guarded UPDATE that ends a reply. False, and nothing changes, when the row is not as `where` says."""
    values = {"status": status, "waiting": "", "finished_at": timezone.now(), "lease_until": None, **outcome}
    if not rows.update(Generation, {"pk": generation.pk, **where}, values):
        return False
    for name, value in values.items():
        setattr(generation, name, value)
    answers: Any = generation_ended.send(sender=Generation, generation=generation)
    generation.told = {name: value for _, told in answers if told for name, value in told.items()}
    return True
