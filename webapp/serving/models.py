"""Adapter, NamedModel and its Versions. The rows say what serves; the generation workers bring the engine to it."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference.versions import version_name
from webapp.accounts.models import Team
from webapp.lib.sentences import SentenceField
from webapp.runs.models import TrainingRun


class Checked(models.TextChoices):
    CHECKING = "checking", _("Checking")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class Merging(models.TextChoices):
    NOT = "", ""
    WANTED = "wanted", _("Merging")
    DONE = "done", _("Merged")
    FAILED = "failed", _("Failed")


class Adapter(models.Model):
    """What a run made or somebody uploaded. A ready one lies in the store under its hash, and is never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="adapters")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    run = models.OneToOneField(TrainingRun, null=True, on_delete=models.SET_NULL, related_name="adapter")
    name = models.CharField(max_length=80)  # of the run, or of the file
    status = models.CharField(max_length=8, choices=Checked, default=Checked.CHECKING)
    problem = SentenceField(blank=True)  # why it was refused
    same_as = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")  # if for being it again
    sha256 = models.CharField(max_length=64, blank=True)
    rank = models.PositiveIntegerField(default=0)
    lora_alpha = models.FloatField(default=0)
    target_modules = models.JSONField(default=list)
    parameters = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)  # bytes of its weights
    base = models.CharField(max_length=200, blank=True)  # the model for which it was checked, and its version
    merging = models.CharField(max_length=6, choices=Merging, blank=True)
    merge_part = models.PositiveSmallIntegerField(default=0)  # of MERGE_PARTS, which it has begun
    merge_problem = SentenceField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("serving:adapter", args=[self.pk])

    @property
    def ready(self) -> bool:
        return self.status == Checked.READY

    @property
    def place(self) -> "Version | None":
        """Under which name and number people know it: where it answers everybody, else where it came last."""
        return max(self.versions.all(), key=lambda one: (one.pk == one.model.current_id, one.pk), default=None)

    @property
    def upload(self) -> Path:
        """Where the files that somebody brought wait to be checked."""
        return settings.DATA_DIR / "uploads" / "adapters" / str(self.pk)

    @property
    def merged(self) -> Path:
        """The full model that was made of it and its base."""
        return settings.DATA_DIR / "merged" / str(self.pk)

    @property
    def withdrawn(self) -> bool:
        """Whether somebody whose rows it learnt from does not agree any more."""
        version = self.run.version if self.run else None
        return version.withdrawn if version else False


class NamedModel(models.Model):
    """What people choose. `current` answers them; `coming` takes its place as soon as an engine has it; `candidate`
    answers `share` per cent of the conversations meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="named_models")  # whose admins manage it
    teams = models.ManyToManyField(Team, related_name="+")  # whose people may choose it
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=50, unique=True)  # ours; what people type never becomes an engine's model
    current = models.ForeignKey("Version", null=True, on_delete=models.SET_NULL, related_name="+")
    coming = models.ForeignKey("Version", null=True, on_delete=models.SET_NULL, related_name="+")
    candidate = models.ForeignKey("Version", null=True, on_delete=models.SET_NULL, related_name="+")
    share = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="named_model_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("serving:model", args=[self.pk])

    @property
    def previous(self) -> "Version | None":
        """What one step back leads to: what answered everybody before the current version did. What was rolled back
        from, or was only tried, is no step."""
        steps: list[int] = []
        acts = (Act.PUT, Act.PROMOTED, Act.ROLLED_BACK, Act.BROUGHT_BACK)
        known = Q(version=None) | Q(version__served_at__isnull=False)
        for act, version in self.changes.filter(known, act__in=acts).order_by("pk").values_list("act", "version"):
            if act == Act.ROLLED_BACK:
                steps = steps[: steps.index(version)] if version in steps else []
            steps += [version] if version and version not in steps[-1:] else []
        below = steps[: steps.index(self.current_id)] if self.current_id in steps else []
        return self.versions.select_related("adapter").get(pk=below[-1]) if below else None


class Version(models.Model):
    """An adapter under a model's name; `loaded` is what the workers last saw at the engine, of which an install
    has one."""

    model = models.ForeignKey(NamedModel, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # from 1
    adapter = models.ForeignKey(Adapter, on_delete=models.PROTECT, related_name="versions")
    loaded = models.BooleanField(default=False)
    problem = SentenceField(blank=True)  # why the engine refused it
    tried_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)  # when it first answered people
    left_at = models.DateTimeField(null=True)  # when it last ceased to
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="model_version_once"),
            models.UniqueConstraint(fields=["model", "adapter"], name="model_adapter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} · {self.number}"

    @property
    def engine_name(self) -> str:
        """What the engine is asked for. Its adapter is ready."""
        return version_name(self.model.slug, self.adapter.sha256)


class Act(models.TextChoices):
    PUT = "put", _("Put in service")
    TRIED = "tried", _("On trial")
    PROMOTED = "promoted", _("Trial over: for all")
    ENDED = "ended", _("Trial over: taken back")
    ROLLED_BACK = "rolled_back", _("Rolled back")
    BROUGHT_BACK = "brought", _("Brought back")
    TAKEN_OUT = "taken_out", _("Taken out of service")


class Change(models.Model):
    """What somebody did with a model: its history."""

    model = models.ForeignKey(NamedModel, on_delete=models.CASCADE, related_name="changes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    act = models.CharField(max_length=11, choices=Act)
    version = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="+")  # null: the base model
    share = models.PositiveSmallIntegerField(default=100)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["model", "-created_at"], name="model_changes")]

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.version}"
