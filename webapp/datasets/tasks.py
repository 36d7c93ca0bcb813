"""The worker's side: a message says which dataset to look at; what is due with it, its row says."""

from celery import shared_task
from celery.signals import worker_ready

from webapp.datasets import jobs, looking
from webapp.lib.jobs import ask

LOOK_EVERY_S = 30.0


@shared_task
def work(dataset_id: str) -> None:
    jobs.work(dataset_id)


@shared_task
def look(dataset_id: str, number: str, max_length: str) -> None:
    looking.look(dataset_id, int(number), int(max_length))


@worker_ready.connect
def look_regularly(sender, **kwargs) -> None:
    """Messages may be lost with Redis, and workers die."""
    sender.timer.call_repeatedly(LOOK_EVERY_S, lambda: ask("webapp.datasets.tasks.check_what_waits"))
    ask("webapp.datasets.tasks.check_what_waits")


@shared_task
def check_what_waits() -> None:
    for dataset_id in jobs.due().values_list("pk", flat=True):
        ask("webapp.datasets.tasks.work", str(dataset_id))
