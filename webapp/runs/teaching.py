"""A run that teaches a model that exists: which models may be taught, and what the command is told.

The defaults are those of ENGINE.md section 6.4 (LoRA on all linear layers), with a higher learning rate for models so
small that they are trained in full precision in seconds; the form gives the reasons beside each field.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from inference.models import is_local
from webapp.accounts.models import Team
from webapp.datasets.models import Shape, Version
from webapp.runs.models import Command, Status, TrainingRun
from webapp.runs.neighbours import serving

SERVED = "served"  # the base model in service, as the form names it


@dataclass(frozen=True, slots=True)
class Base:
    """A model that can be taught: its directory, and how people know it."""

    key: str
    name: str
    directory: Path


def bases_of(team: Team) -> list[Base]:
    """The model in service first, if its files are on this machine; then those that the team made."""
    found = []
    if is_local(settings.MODEL) and Path(settings.MODEL, "config.json").is_file():
        found.append(Base(SERVED, settings.SERVED_MODEL, Path(settings.MODEL)))
    done = TrainingRun.objects.filter(team=team, status=Status.DONE).order_by("-created_at")
    found += [Base(str(run.pk), run.name, run.result) for run in done if not run.makes_adapter]
    return found


def adapters_of(team: Team) -> list[TrainingRun]:
    """The team's own adapters, from which a further run may go on: first answers, then preferences."""
    done = TrainingRun.objects.filter(team=team, status=Status.DONE, command=Command.FINETUNE)
    return [run for run in done.order_by("-created_at") if run.makes_adapter]


def configuration(
    base: Base,
    version: Version,
    wanted: dict[str, Any],
    *,
    start_from: TrainingRun | None = None,
    goes_to: str = "",
) -> dict[str, Any]:
    """What `python -m training finetune` reads. `wanted` holds the fields of LessonForm that the command knows."""
    given = {name: value for name, value in wanted.items() if value not in (None, "")}
    return {
        "base": str(base.directory),
        "shape": Shape(version.shape).value,
        "train": "train.jsonl",
        "held_out": "held-out.jsonl",
        "start_from": str(start_from.result) if start_from else None,
        **rival(version.dataset.team, goes_to),
        **given,
    }


def rival(team: Team, goes_to: str) -> dict[str, str | None]:
    """What a run is compared with at its end besides its base, as the command knows it: the version in service of the
    named model with that key. Where none serves, the model in service does, as people have it without a choice."""
    if not Path(settings.MODEL, "config.json").is_file():
        return {"compare_with": None, "compare_base": None}
    adapter = next((one.adapter for one in serving(team) if one.key == goes_to), None)
    if adapter is None:
        return {"compare_with": str(settings.MODEL), "compare_base": None}
    return {"compare_with": str(adapter), "compare_base": str(settings.MODEL)}


def face_rival(run: TrainingRun) -> None:
    """What serves now, and not what did when the run was planned, is what it is compared with."""
    run.config |= rival(run.team, run.goes_to)
    TrainingRun.objects.filter(pk=run.pk).update(config=run.config)


def likely_place(team: Team, version: Version | None) -> str:
    """The key of the named model whose version in service learnt from the same dataset as this one would; else of the
    one that was put in service last."""
    found = serving(team)
    if version:
        runs = TrainingRun.objects.filter(pk__in=[one.run for one in found if one.run])
        same = set(runs.filter(version__dataset=version.dataset_id).values_list("pk", flat=True))
        found = [one for one in found if one.run in same] or found
    return found[0].key if found else ""
