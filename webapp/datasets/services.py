"""What admins do with datasets: each change one transaction."""

import shutil
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.accounts.models import Team, User
from webapp.datasets import jobs, kinds
from webapp.datasets.models import Dataset, Job, Review, Row, Shape, Source, Status, Version
from webapp.lib import presence
from webapp.lib.jobs import ask

_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)

GATHERED = {  # what a gathered dataset is called
    Shape.SUPERVISED: gettext_lazy("Corrections"),
    Shape.PREFERENCE: gettext_lazy("Preferences"),
    Shape.THUMBS: gettext_lazy("Thumbs"),
}


class InUse(Exception):
    """str() is a sentence that says what stands in the way."""


class Busy(Exception):
    """str() is a sentence: a worker has the dataset in hand."""

    def __init__(self) -> None:
        super().__init__(_("Something else is going on with this dataset. Wait until it is done, or stop it."))


@transaction.atomic
def add_dataset(*, team: Team, author: User | None, file: UploadedFile) -> Dataset:
    """Keeps the file as it came; a worker reads it."""
    name = (file.name or "").replace("\x00", "")[:200]
    dataset = Dataset.objects.create(team=team, author=author, name=Path(name).stem or name, file_name=name)
    dataset.directory.mkdir(parents=True)
    if isinstance(file, TemporaryUploadedFile):  # a large file is on the disk already
        shutil.move(file.temporary_file_path(), dataset.upload)
    else:
        with dataset.upload.open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
    transaction.on_commit(lambda: ask("webapp.datasets.tasks.work", str(dataset.pk)))
    return dataset


@transaction.atomic
def map_columns(dataset: Dataset, mapping: dict[str, str]) -> None:
    """Says which column is what; the file is read with that. Raises Busy."""
    shape = kinds.FORMS[mapping["form"]].shape
    waiting = Dataset.objects.filter(pk=dataset.pk, status__in=(Status.MAPPING, Status.CHOOSING), job=Job.NONE)
    if not waiting.update(mapping=mapping, shape=shape, status=Status.READING):
        raise Busy
    jobs.start(dataset, Job.READ)


@transaction.atomic
def keep_good_rows(dataset: Dataset) -> None:
    """What could be read stays; the file goes. Nothing where nobody was asked."""
    kept = Dataset.objects.filter(pk=dataset.pk, status=Status.CHOOSING, job=Job.NONE)
    if kept.update(status=Status.READY, problem=""):
        transaction.on_commit(lambda: dataset.upload.unlink(missing_ok=True))
        jobs.start(dataset, Job.INSPECT)


@transaction.atomic
def start(dataset: Dataset, job: Job, **wish: Any) -> None:
    """Raises Busy."""
    ready = Dataset.objects.select_for_update().filter(pk=dataset.pk, status=Status.READY).exists()
    if not ready or not jobs.start(dataset, job, **wish):
        raise Busy


@transaction.atomic
def gather(*, team: Team, author: User, shape: Shape) -> Dataset:
    """The team's dataset of that shape, made where there is none, and brought up to date in a worker."""
    mine = Dataset.objects.select_for_update().filter(team=team, source=Source.GATHERED, shape=shape)
    mine = mine.filter(archived_at=None, deleted_at=None)
    dataset = mine.first()
    if dataset is None:
        named = {"name": str(GATHERED[shape]), "status": Status.READY, "job": Job.NONE}
        dataset = Dataset.objects.create(team=team, author=author, shape=shape, source=Source.GATHERED, **named)
    jobs.start(dataset, Job.GATHER)
    return dataset


@transaction.atomic
def stop(dataset: Dataset) -> None:
    """The job ends at the next batch; what it did so far stays."""
    Dataset.objects.filter(pk=dataset.pk).exclude(job=Job.NONE).update(stop_requested=True)


@transaction.atomic
def edit_row(row: Row, values: dict[str, Any]) -> Row:
    """By hand, which accepts it. Raises Busy."""
    _at_rest(row.dataset)
    row.values, row.review, row.edited, row.notes, row.flagged = values, Review.ACCEPTED, True, {}, False
    row.save(update_fields=["values", "review", "edited", "notes", "flagged"])
    touch(row.dataset)
    return row


@transaction.atomic
def review(rows: QuerySet[Row], dataset: Dataset, verdict: Review) -> int:
    """Says the same of all those rows; returns of how many. Raises Busy."""
    _at_rest(dataset)
    count = rows.exclude(review=verdict).update(review=verdict)
    touch(dataset)
    return count


def _at_rest(dataset: Dataset) -> None:
    """While a version is frozen or data masked, the rows stay as they are. Holds the dataset's row until the commit."""
    kept = Dataset.objects.select_for_update().get(pk=dataset.pk)
    if kept.job in (Job.FREEZE, Job.MASK, Job.READ, Job.GATHER):
        raise Busy


def touch(dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(changed_at=timezone.now())


def somebody_works() -> bool:
    """Whether a worker is alive, so that what is wanted will be done."""
    return presence.count(_redis, presence.TRAINING) > 0


@transaction.atomic
def rename(dataset: Dataset, name: str) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(name=name)


@transaction.atomic
def delete(dataset: Dataset) -> None:
    """Out of everybody's sight at once, with its versions; its rows and files a worker takes away. Raises InUse where a
    run learnt from one of the versions, Busy while one is frozen."""
    if Dataset.objects.select_for_update().get(pk=dataset.pk).job == Job.FREEZE:
        raise Busy
    try:
        Version.objects.filter(dataset=dataset).delete()
    except ProtectedError as error:
        raise InUse(_("A run learnt from this dataset, so it stays. You can archive it.")) from error
    Dataset.objects.filter(pk=dataset.pk).update(deleted_at=timezone.now(), stop_requested=True)
    transaction.on_commit(lambda: ask("webapp.datasets.tasks.work", str(dataset.pk)))


@transaction.atomic
def archive(dataset: Dataset, *, archived: bool) -> None:
    """Out of the list, and not to be taken for a run; nothing of it is lost."""
    Dataset.objects.filter(pk=dataset.pk).update(archived_at=timezone.now() if archived else None)
