"""Corpus, TrainingRun and what a run tells of itself. The row is the truth; the files lie in `directory`."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Team
from webapp.datasets.models import Version
from webapp.lib.sentences import SentenceField


class Checked(models.TextChoices):
    CHECKING = "checking", _("Checking")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class Corpus(models.Model):
    """A file of examples, never changed once it is ready: a run names it and its hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="corpora")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)  # of the file that was uploaded
    status = models.CharField(max_length=8, choices=Checked, default=Checked.CHECKING)
    problem = SentenceField(blank=True)  # why it was refused
    kind = models.CharField(max_length=16, blank=True)  # of its rows, as training/data.py names them
    rows = models.PositiveIntegerField(default=0)
    characters = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def directory(self) -> Path:
        return settings.DATA_DIR / "corpora" / str(self.pk)

    @property
    def upload(self) -> Path:
        return self.directory / "upload"

    @property
    def path(self) -> Path:
        """The checked rows, as the training package reads them."""
        return self.directory / "examples.jsonl"


class Status(models.TextChoices):
    PLANNED = "planned", _("Planned")  # its cost is being estimated, or somebody is to say whether it is worth it
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


ACTIVE = (Status.QUEUED, Status.RUNNING)


class Command(models.TextChoices):
    """What `python -m training` is told to do."""

    PRETRAIN = "pretrain", _("Train from scratch")
    FINETUNE = "finetune", _("Teach a model")


class TrainingRun(models.Model):
    """`config` is what the command reads, whole; who works on the run holds a lease on its row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="runs")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=80)
    command = models.CharField(max_length=12, choices=Command, default=Command.PRETRAIN)
    config = models.JSONField()
    corpora = models.ManyToManyField(Corpus, related_name="runs")  # what it learns from, where it begins from scratch
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="runs")  # where it does not
    goes_to = models.CharField(max_length=50, blank=True)  # the named model that it is to be a version of, by its key

    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    estimate = models.JSONField(null=True)  # what a few real steps said of its cost (training/estimate.py)
    problem = SentenceField(blank=True)  # why it failed
    stop_requested = models.BooleanField(default=False)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    breaks = models.PositiveSmallIntegerField(default=0)  # times that its process was killed since it last got on
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)  # in all, where that is known beforehand
    worked_s = models.FloatField(default=0.0)  # how long its command has run, over all workers
    progress = models.FloatField(default=0.0)  # from 0 to 1
    queued_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    ahead = 0  # runs that go before it, where a page has counted them
    taken_over = False  # from a worker that died, by the one that has claimed it just now

    class Meta:
        indexes = [models.Index(fields=["status", "queued_at"], condition=models.Q(status__in=ACTIVE), name="run_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def channel(self) -> str:
        """The Channels group of everybody who looks on."""
        return f"run.{self.pk}"

    @property
    def directory(self) -> Path:
        """config.json, log.txt, checkpoints/ and at the end model/, or adapter/ with comparison.jsonl."""
        return settings.DATA_DIR / "runs" / str(self.pk)

    @property
    def log(self) -> Path:
        return self.directory / "log.txt"

    @property
    def result(self) -> Path:
        return self.directory / ("adapter" if self.makes_adapter else "model")

    @property
    def makes_adapter(self) -> bool:
        return self.command == Command.FINETUNE and self.config.get("method") != "full"

    @property
    def comparison(self) -> Path:
        """Held-out rows and how each model answers them (training/comparison.py)."""
        return self.directory / "comparison.jsonl"

    @property
    def resumable(self) -> bool:
        return any((self.directory / "checkpoints").glob("step-*"))


class Event(models.Model):
    """A line that the command printed: `kind` is its event, `values` the rest of it (training/progress.py)."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16)
    step = models.PositiveIntegerField(default=0)
    values = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["run", "kind", "step"], name="run_events")]

    def __str__(self) -> str:
        return f"{self.kind} {self.step}"


class Winner(models.TextChoices):
    THIS = "this", _("The new model")
    OTHER = "other", _("The other model")
    TIE = "tie", _("A tie")


class Judgement(models.Model):
    """Which of two replies a person found better, not knowing whose they were: row `number` of the run's comparison."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="judgements")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()  # from 0
    against = models.CharField(max_length=10)  # the other model, as the comparison names it
    winner = models.CharField(max_length=5, choices=Winner)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "author", "number", "against"], name="judgement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.winner}"
