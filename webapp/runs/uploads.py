"""Corpora: how a file comes in, and what a run is told of it."""

import shutil
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Team, User
from webapp.lib.jobs import ask
from webapp.runs import presets
from webapp.runs.models import ACTIVE, Corpus
from webapp.runs.services import InUse


@transaction.atomic
def add_corpus(*, team: Team, author: User, file: UploadedFile) -> Corpus:
    """Keeps the file as it came; a worker checks it, so that a large one holds up no page."""
    corpus = Corpus.objects.create(team=team, author=author, name=(file.name or "")[:200])
    corpus.directory.mkdir(parents=True)
    with corpus.upload.open("wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    transaction.on_commit(lambda: ask("webapp.runs.tasks.check_corpus", str(corpus.pk)))
    return corpus


@transaction.atomic
def delete_corpus(corpus: Corpus) -> None:
    """Raises InUse while a run reads it. A finished run keeps the hash of what it learnt from."""
    if corpus.runs.filter(status__in=ACTIVE).exists():
        raise InUse(_("A run is learning from this file. Stop it first."))
    directory = corpus.directory
    corpus.delete()
    transaction.on_commit(lambda: shutil.rmtree(directory, ignore_errors=True))


def configuration(size: str, corpora: list[Corpus], *, minutes: int, seed: int) -> dict[str, Any]:
    return presets.configuration(
        presets.SIZES[size],
        [{"file": f"{corpus.pk}.jsonl", "kind": corpus.kind} for corpus in corpora],
        [{"file": f"{corpus.pk}.held-out.jsonl", "kind": corpus.kind} for corpus in corpora],
        minutes=minutes,
        seed=seed,
    )
