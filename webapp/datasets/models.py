"""Dataset: examples that are gathered and reviewed row by row. Version: what was accepted of it at one moment, frozen,
hashed and never changed again; a run names the version that it learns from."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Team


class Shape(models.TextChoices):
    """What its rows are, as `python -m training finetune` reads them (training/lessons.py)."""

    SUPERVISED = "supervised", _("Answers to learn")  # {"messages": […], the last one the assistant's, "task": …}
    PREFERENCE = "preference", _("Pairs: the better answer and the worse")  # {"prompt": […], "chosen", "rejected"}
    THUMBS = "thumbs", _("Answers with a thumb up or down")  # {"prompt": […], "completion": …, "label": true or false}


class Status(models.TextChoices):
    READING = "reading", _("Reading")
    MAPPING = "mapping", _("Waiting for its columns")  # nobody has said yet which column is what
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class Dataset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="datasets")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    shape = models.CharField(max_length=12, choices=Shape, default=Shape.SUPERVISED)
    status = models.CharField(max_length=8, choices=Status, default=Status.READING)
    problem = models.TextField(blank=True)  # a sentence: why it was refused
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def directory(self) -> Path:
        return settings.DATA_DIR / "datasets" / str(self.pk)


class Review(models.TextChoices):
    WAITING = "waiting", _("Not looked at")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")


class Row(models.Model):
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # from 1, in the order in which they came
    values = models.JSONField()  # as the dataset's Shape says
    review = models.CharField(max_length=8, choices=Review, default=Review.ACCEPTED)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_row_once")]

    def __str__(self) -> str:
        return f"{self.dataset_id} · {self.number}"


class Version(models.Model):
    """train.jsonl and held-out.jsonl in `directory`; `sha256` is of the two, one after the other."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()  # from 1
    shape = models.CharField(max_length=12, choices=Shape)
    rows = models.PositiveIntegerField()  # of train.jsonl
    held_out = models.PositiveIntegerField()  # rows of held-out.jsonl
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_once")]

    def __str__(self) -> str:
        return f"{self.dataset} · {self.number}"

    @property
    def directory(self) -> Path:
        return self.dataset.directory / str(self.number)

    @property
    def train(self) -> Path:
        return self.directory / "train.jsonl"

    @property
    def measured(self) -> Path:
        return self.directory / "held-out.jsonl"
