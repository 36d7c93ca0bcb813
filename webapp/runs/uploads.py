"""Datasets: how a file comes in, and what a run is told of it."""

import shutil
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Team, User
from webapp.lib.jobs import ask
from webapp.runs import presets
from webapp.runs.models import ACTIVE, Dataset
from webapp.runs.services import InUse


@transaction.atomic
def add_dataset(*, team: Team, author: User, file: UploadedFile) -> Dataset:
    """Keeps the file as it came; a worker checks it, so that a large one holds up no page."""
    dataset = Dataset.objects.create(team=team, author=author, name=(file.name or "")[:200])
    dataset.directory.mkdir(parents=True)
    with dataset.upload.open("wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    transaction.on_commit(lambda: ask("webapp.runs.tasks.check_dataset", str(dataset.pk)))
    return dataset


@transaction.atomic
def delete_dataset(dataset: Dataset) -> None:
    """Raises InUse while a run reads it. A finished run keeps the hash of what it learnt from."""
    if dataset.runs.filter(status__in=ACTIVE).exists():
        raise InUse(_("A run is learning from this file. Stop it first."))
    directory = dataset.directory
    dataset.delete()
    transaction.on_commit(lambda: shutil.rmtree(directory, ignore_errors=True))


def configuration(size: str, datasets: list[Dataset], *, minutes: int, seed: int) -> dict[str, Any]:
    return presets.configuration(
        presets.SIZES[size],
        [{"file": f"{dataset.pk}.jsonl", "kind": dataset.kind} for dataset in datasets],
        [{"file": f"{dataset.pk}.held-out.jsonl", "kind": dataset.kind} for dataset in datasets],
        minutes=minutes,
        seed=seed,
    )
