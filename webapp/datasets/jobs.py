"""What a worker does with a dataset. The row says what is due; a message only says "look"."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.datasets import freezing, gathering, inspecting, reading, removing
from webapp.datasets.models import Dataset, Job
from webapp.datasets.progress import Stopped
from webapp.lib.jobs import ask
from webapp.lib.sentences import Sentence, said

log = logging.getLogger(__name__)


def start(dataset: Dataset, job: Job, **wish: object) -> bool:
    """False where it is busy with another job."""
    values = {"job": job, "wish": wish, "done": 0, "total": 0, "stop_requested": False, "problem": ""}
    begun = Dataset.objects.filter(pk=dataset.pk, job=Job.NONE).update(**values)
    transaction.on_commit(lambda: ask("webapp.datasets.tasks.work", str(dataset.pk)))
    return bool(begun)


def work(dataset_id: str) -> None:
    """Does what is due until nothing is. Nothing where another worker is at it."""
    while dataset := due().select_related("team", "author").filter(pk=dataset_id).first():
        with _alone(dataset) as mine:
            if not mine:
                return
            if dataset.deleted_at:
                removing.remove(dataset)
                return
            _do(dataset)


def due() -> QuerySet[Dataset]:
    """What a worker has something to do with."""
    return Dataset.objects.exclude(job=Job.NONE, deleted_at=None)


def _do(dataset: Dataset) -> None:
    job = Job(dataset.job)
    try:
        DEEDS[job](dataset)
        problem = ""
    except Stopped:
        problem = ""
    except freezing.Unfit as error:
        problem = said(error)
    except Exception:
        log.exception("%s of dataset %s broke off", job, dataset.pk)
        problem = Sentence("It broke off: %(job)s. Try again; the reason is in the log.", job=Sentence(str(job.label)))
    here = Dataset.objects.filter(pk=dataset.pk)
    if problem:
        here.update(problem=problem)
    here.filter(job=job).update(job=Job.NONE)  # a deed may have named the next
    here.update(stop_requested=False, done=0, total=0)


def _freeze(dataset: Dataset) -> None:
    author = User.objects.filter(pk=dataset.wish.get("by")).first()
    freezing.freeze(dataset, author=author, share=int(dataset.wish.get("share") or freezing.SHARE))


def _inspect(dataset: Dataset) -> None:
    inspecting.inspect(dataset)


DEEDS: dict[Job, Callable[[Dataset], None]] = {
    Job.READ: reading.read,
    Job.GATHER: gathering.gather,
    Job.INSPECT: _inspect,
    Job.MASK: inspecting.mask,
    Job.FREEZE: _freeze,
}


@contextmanager
def _alone(dataset: Dataset) -> Iterator[bool]:
    """Whether no other worker of this machine has the dataset in hand."""
    dataset.directory.mkdir(parents=True, exist_ok=True)
    with (dataset.directory / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
