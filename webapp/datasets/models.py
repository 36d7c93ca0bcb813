"""Dataset: examples that are gathered and reviewed row by row. Version: what was accepted of it at one moment, frozen,
hashed and never changed again; a run names the version that it learns from. Consent: whose words may be learnt from."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Membership, Team
from webapp.lib.sentences import SentenceField


class Shape(models.TextChoices):
    """What its rows are, as `python -m training finetune` reads them (training/lessons.py)."""

    SUPERVISED = "supervised", _("Answers to learn")  # {"messages": […], the last one the assistant's, "task": …}
    PREFERENCE = "preference", _("Pairs: the better answer and the worse")  # {"prompt": […], "chosen", "rejected"}
    THUMBS = "thumbs", _("Answers with a thumb up or down")  # {"prompt": […], "completion": …, "label": true or false}


class Status(models.TextChoices):
    READING = "reading", _("Reading")
    MAPPING = "mapping", _("Waiting for its columns")  # nobody has said yet which column is what
    CHOOSING = "choosing", _("Some rows cannot be used")  # nobody has said yet whether the good ones are kept
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class Source(models.TextChoices):
    UPLOAD = "upload", _("Uploaded")
    GATHERED = "gathered", _("Gathered from the team’s work")


class Job(models.TextChoices):
    """What a worker does with a dataset, one at a time (datasets/jobs.py)."""

    NONE = "", ""
    READ = "read", _("Reading the file")
    GATHER = "gather", _("Gathering")
    INSPECT = "inspect", _("Looking through the rows")
    MASK = "mask", _("Masking personal data")
    FREEZE = "freeze", _("Freezing a version")


class Dataset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="datasets")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    shape = models.CharField(max_length=12, choices=Shape, default=Shape.SUPERVISED)
    source = models.CharField(max_length=8, choices=Source, default=Source.UPLOAD)
    status = models.CharField(max_length=8, choices=Status, default=Status.READING)
    problem = SentenceField(blank=True)  # why it was refused, or why its last job came to nothing
    file_name = models.CharField(max_length=200, blank=True)  # of what was uploaded
    columns = models.JSONField(default=list)  # of the file: their names
    preview = models.JSONField(default=list)  # its first rows, as {column: text}
    mapping = models.JSONField(default=dict)  # {"form": a form of datasets/kinds.py, field: column, …}
    bad_rows = models.PositiveIntegerField(default=0)  # of the file, that could not be used
    survey = models.JSONField(default=dict)  # what was found in the rows when they were last looked through
    changed_at = models.DateTimeField(default=timezone.now)  # when a row last changed
    surveyed_at = models.DateTimeField(null=True)

    job = models.CharField(max_length=8, choices=Job, default=Job.READ, blank=True)
    wish = models.JSONField(default=dict)  # what the job is told
    done = models.PositiveBigIntegerField(default=0)  # of the job, in bytes or rows
    total = models.PositiveBigIntegerField(default=0)
    stop_requested = models.BooleanField(default=False)

    archived_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # nobody sees it any more: a worker takes it away
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def directory(self) -> Path:
        return settings.DATA_DIR / "datasets" / str(self.pk)

    @property
    def upload(self) -> Path:
        """The file as it came, kept until its rows are."""
        return self.directory / "upload"

    @property
    def shape_is_known(self) -> bool:
        """False until its file has told it, or an admin."""
        return self.status not in (Status.READING, Status.MAPPING)

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 0

    @property
    def survey_is_old(self) -> bool:
        return self.surveyed_at is not None and self.surveyed_at < self.changed_at


class Review(models.TextChoices):
    WAITING = "waiting", _("Not looked at")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")


class Row(models.Model):
    """`notes` is what was found in it: {"tokens", "cut", "language", "personal": […], "same_as", "like", "unfit"}; the
    last is a packed sentence (lib/sentences.py)."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # from 1, in the order in which they came
    values = models.JSONField()  # as the dataset's Shape says
    review = models.CharField(max_length=8, choices=Review, default=Review.ACCEPTED)
    notes = models.JSONField(default=dict)
    flagged = models.BooleanField(default=False)  # whether the notes name a problem
    key = models.CharField(max_length=40, blank=True)  # of a gathered row: what it was made of, to know it again
    origin = models.JSONField(default=dict)  # of a gathered row: {"message", "segment", "row", "people": [ids]}
    edited = models.BooleanField(default=False)  # by hand, since it came

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_row_once"),
            models.UniqueConstraint(fields=["dataset", "key"], condition=~models.Q(key=""), name="dataset_row_key"),
        ]
        indexes = [
            models.Index(fields=["dataset", "review", "number"], name="dataset_row_review"),
            models.Index(fields=["dataset", "number"], condition=models.Q(flagged=True), name="dataset_row_flagged"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} · {self.number}"


class BadRow(models.Model):
    """A row of the file that could not be used, and why; of very many the first ones are kept."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="problems")
    line = models.PositiveBigIntegerField()  # of the file, from 1
    reason = SentenceField()
    excerpt = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["dataset", "line"], name="dataset_bad_row")]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class Version(models.Model):
    """train.jsonl and held-out.jsonl in `directory`; `sha256` is of the two, one after the other."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()  # from 1
    shape = models.CharField(max_length=12, choices=Shape)
    rows = models.PositiveIntegerField()  # of train.jsonl
    held_out = models.PositiveIntegerField()  # rows of held-out.jsonl
    doubled = models.PositiveIntegerField(default=0)  # accepted rows that were left out: the same stands in it already
    leaking = models.PositiveIntegerField(default=0)  # of train.jsonl, much like a held-out one: not to be helped
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

    @property
    def withdrawn(self) -> bool:
        """Whether somebody whose rows are in it does not agree any more: it and what learnt from it are marked."""
        return any(part.withdrawn_at for part in self.contributions.all())


class Contribution(models.Model):
    """One person's rows in a version, which stay as they were when consent is withdrawn: the version is marked."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="contributions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    rows = models.PositiveIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "person"], name="contribution_once")]

    def __str__(self) -> str:
        return f"{self.version_id} · {self.person_id}"


class Consent(models.Model):
    """A member agreed that the team's models learn from their corrections; without a row, they did not."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="learning_consent")
    given_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.membership)
