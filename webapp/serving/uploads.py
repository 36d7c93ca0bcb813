"""Adapters that people bring: kept as they came until a worker has checked them."""

from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.serving.models import Adapter
from webapp.serving.services import check_soon

ARCHIVE = "upload.zip"


@transaction.atomic
def add_adapter(*, team: Team, author: User, files: list[UploadedFile], name: str = "") -> Adapter:
    """files: one archive, or the parts of an adapter by their own names."""
    archive = next((file for file in files if (file.name or "").lower().endswith(".zip")), None)
    name = name or (Path(archive.name or "").stem if archive else str(team))
    adapter = Adapter.objects.create(team=team, author=author, name=name[:80])
    adapter.upload.mkdir(parents=True)
    for file in files:
        with (adapter.upload / (ARCHIVE if archive else str(file.name))).open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
    check_soon(adapter)
    return adapter
