from dataclasses import dataclass

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role, Team
from webapp.catalog import shelf
from webapp.lib import markdown
from webapp.runs import access, outcome
from webapp.runs.models import Command, Status, TrainingRun
from webapp.serving import access as serving
from webapp.serving.models import NamedModel

PAGE = 20


@require_GET
@in_team(Role.ADMIN)
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The model in service with its card, and those that the team trained."""
    served = shelf.describe(settings.SERVED_MODEL, settings.MODEL)
    done = access.runs_of(membership.team).filter(status=Status.DONE).select_related("version__dataset")
    page = Paginator(done.prefetch_related("version__contributions"), PAGE).get_page(request.GET.get("page", "1"))
    context = {
        "served": served,
        "card": markdown.render(served.card),
        "builtin": str(settings.BUILTIN_MODEL) == settings.MODEL,
        "elsewhere": bool(settings.INFERENCE_URL),
        "page": page,
        "trained": made(membership.team, list(page)),
    }
    return render(request, "catalog/home.html", context)


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made: an adapter or a model, with the named models that it answers for. `serves`: as a whole model."""

    run: TrainingRun
    model: shelf.Shelved
    places: list[NamedModel]
    serves: bool
    measures: list[outcome.Measure]


def made(team: Team, runs: list[TrainingRun]) -> list[Made]:
    named = list(serving.models_of(team).filter(current__adapter__run__in=runs))
    return [
        Made(
            run=run,
            model=shelf.describe(run.name, str(run.result)),
            places=[place for place in named if place.current and place.current.adapter.run_id == run.pk],
            serves=str(run.result) == settings.MODEL,
            measures=outcome.measures(run) if run.command == Command.FINETUNE else [],
        )
        for run in runs
    ]
