"""What the run's page draws: points of its curves, few enough for a page however long the run was."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from webapp.runs.models import TrainingRun

POINTS = 600  # of a curve

Point = list[float]


def of(run: TrainingRun) -> dict[str, list[Point]]:
    """[step, value] of the training loss, the held-out loss and the learning rate; `base`, the held-out loss of the
    model as it was before the first step, from one end to the other."""
    steps = list(run.events.filter(kind="step").order_by("step").values_list("step", "values"))
    evaluated = run.events.filter(kind="evaluated").order_by("step").values_list("step", "values")
    base = [loss for step, loss in evaluated.values_list("step", "values__loss") if step == 0][:1]
    last = max(run.events.aggregate(last=Max("step"))["last"] or 1, 1)
    return {
        "base": [[0, base[0]], [last, base[0]]] if base else [],
        "loss": thinned([[step, values["loss"]] for step, values in steps]),
        "held_out": thinned([[step, values["loss"]] for step, values in evaluated]),
        "learning_rate": thinned([[step, values["learning_rate"]] for step, values in steps]),
    }


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most POINTS of them, evenly, the last one included."""
    stride = -(-len(points) // POINTS)
    return [*points[: -1 : stride or 1], points[-1]] if points else []


def facts(run: TrainingRun) -> dict[str, Any]:
    """The newest figures: step, tokens, tokens_per_s, elapsed_s, left_s, loss, memory_mb, energy_wh, parameters,
    device."""
    newest: dict[str, Any] = {}
    for kind in ("started", "step"):
        event = run.events.filter(kind=kind).order_by("-pk").first()
        newest.update(event.values if event else {})
    if step := run.events.aggregate(last=Max("step"))["last"]:
        newest["step"] = step
    if run.progress and "elapsed_s" in newest:
        newest["left_s"] = newest["elapsed_s"] * (1 - run.progress) / run.progress
    return newest
