"""The training worker's side: a message only says "look"; which run is due, the database says."""

import contextlib
import os
import secrets
import threading

from celery import shared_task
from celery.signals import heartbeat_sent, worker_ready, worker_shutting_down
from redis.exceptions import RedisError

from webapp.lib.jobs import ask
from webapp.runs import checking, estimates, leases, memory, services
from webapp.runs.models import Checked, Corpus, Status, TrainingRun
from webapp.runs.process import Supervision

LOOK_EVERY_S = 5.0
OWNER = f"{leases.MACHINE}:{os.getpid()}:{secrets.token_hex(4)}"
_leaving = threading.Event()
_working = threading.Lock()


@shared_task(queue="training")
def work() -> None:
    """Works on what is due until nothing is, or it must wait: the timer asks again. A second message that comes
    meanwhile has nothing to do."""
    if not _working.acquire(blocking=False):
        return
    try:
        while not _leaving.is_set() and (run := leases.claim_next(OWNER)):
            if not Supervision(run, OWNER, leaving=_leaving).work():
                return
    finally:
        _working.release()


@shared_task
def estimate(run_id: str) -> None:
    run = TrainingRun.objects.select_related("version__dataset").filter(pk=run_id, status=Status.PLANNED).first()
    if run:
        estimates.estimate(run)


@shared_task
def check_corpus(corpus_id: str) -> None:
    corpus = Corpus.objects.filter(pk=corpus_id, status=Checked.CHECKING).first()
    if corpus:
        checking.check(corpus)


@heartbeat_sent.connect
def tell_memory(**kwargs) -> None:
    with contextlib.suppress(RedisError):
        memory.tell()


@worker_ready.connect
def look_regularly(sender, **kwargs) -> None:
    """Messages may be lost with Redis, and workers die: so each looks for itself as well."""
    sender.timer.call_repeatedly(LOOK_EVERY_S, services.nudge)
    ask("webapp.runs.tasks.check_what_waits")


@shared_task
def check_what_waits() -> None:
    """What a worker that died had not done yet: files to check, runs to estimate."""
    for corpus in Corpus.objects.filter(status=Checked.CHECKING):
        checking.check(corpus)
    for run in TrainingRun.objects.filter(status=Status.PLANNED, estimate=None):
        estimates.estimate(run)


@worker_shutting_down.connect
def leave(**kwargs) -> None:
    """The run in hand saves a checkpoint and goes back to the queue."""
    _leaving.set()
