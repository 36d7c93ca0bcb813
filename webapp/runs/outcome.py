"""What a run that teaches a model has come to: its replies beside the base model's, and the measures at its end."""

from dataclasses import dataclass
from typing import Any

from webapp.runs import judging
from webapp.runs.models import TrainingRun

MEASURES = {"loss": "nats", "perplexity": "", "chrf": "", "f1": "%", "accuracy": "%"}
LESS_IS_BETTER = ("loss", "perplexity")


@dataclass(frozen=True, slots=True)
class Beside:
    """A held-out prompt, the base model's reply, and this one's at `step`."""

    prompt: str
    base: str
    text: str
    step: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table; None where a model was not measured. `better`: than the base model."""

    name: str
    base: float | None
    in_service: float | None
    this: float | None

    @property
    def digits(self) -> int:
        """After the point, as it is shown."""
        return 3 if self.name in LESS_IS_BETTER else 1

    @property
    def better(self) -> bool | None:
        if self.base is None or self.this is None or self.base == self.this:
            return None
        return (self.this < self.base) == (self.name in LESS_IS_BETTER)


def of(run: TrainingRun) -> dict[str, Any]:
    rows = judging.rows_of(run)
    return {
        "lesson": True,
        "beside": beside(run),
        "measures": measures(run),
        "duels": [(name, judging.win_rate(run, name)) for name in judging.rivals(rows)],
        "compared_rows": len(rows),
    }


def beside(run: TrainingRun) -> list[Beside]:
    sampled = run.events.filter(kind="sampled").order_by("step", "pk").values_list("step", "values")
    base = {values["prompt"]: values["text"] for step, values in sampled if step == 0}
    newest = {values["prompt"]: (step, values["text"]) for step, values in sampled if step > 0}
    return [
        Beside(prompt, text, newest.get(prompt, (0, ""))[1], newest.get(prompt, (0, ""))[0])
        for prompt, text in base.items()
    ]


def measures(run: TrainingRun) -> list[Measure]:
    compared = run.events.filter(kind="compared").order_by("-pk").first()
    models = compared.values.get("models", {}) if compared else {}
    return [
        Measure(name, *(models.get(model, {}).get(name) for model in (judging.BASE, judging.IN_SERVICE, judging.THIS)))
        for name in MEASURES
        if any(name in values for values in models.values())
    ]
