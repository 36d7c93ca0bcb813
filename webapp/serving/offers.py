"""Named models in the picker: what people chose is the name, and each reply is asked of the version of that moment."""

from dataclasses import replace
from pathlib import Path

from django.db.models import Q

from inference.versions import version_name
from webapp.accounts.models import Team
from webapp.generation.choices import Choice, Trial, base_model
from webapp.serving.files import base_version, directory
from webapp.serving.models import NamedModel, Version

VERSION_LENGTH = 80  # as Generation keeps it


def offered(team_id: int) -> list[Choice]:
    """To that team's people. One query."""
    found = NamedModel.objects.filter(teams=team_id, current__adapter__base=base_version())
    return [_choice(model) for model in found.select_related("current__adapter", "candidate__adapter").order_by("name")]


def title(name: str) -> str:
    return NamedModel.objects.filter(slug=name).values_list("name", flat=True).first() or ""


def in_service(team: Team) -> Path | None:
    """The directory of the adapter that serves the team: of several models', the one that was put in service last."""
    serving = Version.objects.filter(Q(model__teams=team) | Q(model__team=team), adapter__base=base_version())
    current = serving.filter(pk__in=NamedModel.objects.filter(current__isnull=False).values("current"))
    latest = current.select_related("adapter").order_by("-served_at").first()
    return directory(latest.adapter.sha256) if latest else None


def _choice(model: NamedModel) -> Choice:
    assert model.current
    choice = _of(model, model.current)
    on_trial = model.candidate if model.candidate and model.candidate.loaded else None
    return replace(choice, trial=Trial(_of(model, on_trial), model.share)) if on_trial else choice


def _of(model: NamedModel, version: Version) -> Choice:
    return replace(
        base_model(),
        model=version_name(model.slug, version.adapter.sha256),
        version=f"{model.name} · {version.number}"[:VERSION_LENGTH],
        remark="",
        key=model.slug,
        title=model.name,
    )
