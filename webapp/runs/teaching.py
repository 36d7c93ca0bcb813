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
from webapp.runs.neighbours import adapter_in_service

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
    base: Base, version: Version, wanted: dict[str, Any], *, start_from: TrainingRun | None = None
) -> dict[str, Any]:
    """What `python -m training finetune` reads. `wanted` holds the fields of LessonForm that the command knows."""
    serving = adapter_in_service(version.dataset.team) if base.key == SERVED else None
    given = {name: value for name, value in wanted.items() if value not in (None, "")}
    return {
        "base": str(base.directory),
        "shape": Shape(version.shape).value,
        "train": "train.jsonl",
        "held_out": "held-out.jsonl",
        "start_from": str(start_from.result) if start_from else None,
        "compare_with": str(serving) if serving else None,
        **given,
    }
