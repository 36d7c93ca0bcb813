"""Named models in the picker: what people chose is the name, and each reply is asked of the version of that moment."""

from dataclasses import replace

from inference.versions import version_name
from webapp.accounts.models import Team
from webapp.generation.choices import Choice, Trial, base_model
from webapp.generation.models import Generation
from webapp.runs.neighbours import Serving
from webapp.serving.files import base_version, directory
from webapp.serving.models import NamedModel, Version
from webapp.serving.services import is_slug

VERSION_LENGTH = 80  # as Generation keeps it


def offered(team_id: int) -> list[Choice]:
    """To that team's people. One query."""
    found = NamedModel.objects.filter(teams=team_id, current__adapter__base=base_version())
    return [_choice(model) for model in found.select_related("current__adapter", "candidate__adapter").order_by("name")]


def title(name: str) -> str:
    """Of a model that was deleted, what its replies say of it."""
    known = NamedModel.objects.filter(slug=name).values_list("name", flat=True).first()
    return known or (_signed(name) if is_slug(name) else "")


def _signed(slug: str) -> str:
    written = Generation.objects.filter(model__contains="@", model__startswith=f"{slug}@")  # the index has an '@'
    return next((signed.rpartition(" · ")[0] for signed in written.values_list("version", flat=True)[:1]), "")


def in_service(team: Team) -> list[Serving]:
    """The team's own models that serve, the one that was put in service last first."""
    found = NamedModel.objects.filter(team=team, current__adapter__base=base_version())
    return [
        Serving(model.slug, model.name, directory(model.current.adapter.sha256), model.current.adapter.run_id)
        for model in found.select_related("current__adapter").order_by("-current__served_at")
        if model.current
    ]


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
