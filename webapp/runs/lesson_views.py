"""Teaching a model: the form, the planned run that waits for a yes, and the judging of what came of it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.datasets.models import Version
from webapp.runs import access, allowance, judging, services
from webapp.runs.lesson_form import LessonForm, versions_of
from webapp.runs.models import TrainingRun


@require_http_methods(["GET", "POST"])
@in_team(Role.ADMIN)
def teach(request: HttpRequest, membership: Membership) -> HttpResponse:
    """?version= chooses what it learns from; ?again= fills the form as that run's was."""
    form = LessonForm(request.POST or None, team=membership.team, initial=_begun(request, membership))
    if form.is_valid():
        run = services.plan_run(
            team=membership.team,
            author=me(request),
            name=form.cleaned_data["name"],
            config=form.configuration(),
            version=form.cleaned_data["version"],
            goes_to=form.place,
        )
        return redirect("runs:run", run.pk)
    context = {
        "form": form,
        "versions": versions_of(membership.team).exists(),
        **allowance.of(membership.team),
    }
    return render(request, "runs/teach.html", context, status=422 if form.errors else 200)


def _begun(request: HttpRequest, membership: Membership) -> dict:
    found = access.run_of(membership.team, request.GET.get("again", ""))
    if found and found.version_id:
        return {**found.config, "name": found.name, "version": found.version_id, "goes_to": found.goes_to}
    return _proposed(versions_of(membership.team), request.GET.get("version", ""))


def _proposed(versions: QuerySet[Version], wanted: str) -> dict:
    """The version that was asked for, else the newest; and its dataset's name, with a number from the second run on."""
    version = next((one for one in versions if str(one.pk) == wanted), versions.first())
    if not version:
        return {}
    name, before = version.dataset.name[:70], TrainingRun.objects.filter(version__dataset=version.dataset).count()
    return {"version": version.pk, "name": f"{name} {before + 1}" if before else name}


@login_required
@require_POST
def start(request: HttpRequest, run_id: UUID) -> HttpResponse:
    try:
        services.start_run(access.run_for(me(request), run_id))
    except services.Refused as error:
        messages.error(request, str(error))
    return redirect("runs:run", run_id)


@login_required
@require_POST
def estimate(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Once more, when the machine was busy."""
    services.estimate_again(access.run_for(me(request), run_id))
    return redirect("runs:run", run_id)


@login_required
@require_http_methods(["GET", "POST"])
def judge(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One pair of replies after the other; ?against= says whose the other reply is, which the page does not show."""
    run = access.run_for(me(request), run_id)
    switch_team(request, run.team)
    rows = judging.rows_of(run)
    rivals = judging.rivals(rows)
    against = request.GET.get("against") or (rivals[-1] if rivals else "")
    if against not in rivals:
        raise Http404
    if request.method == "POST":
        _hear(request, run, against, len(rows))
        return redirect(f"{request.path}?against={against}")
    left = list(judging.duels(run, me(request), against))
    context = {
        "run": run,
        "duel": left[0] if left else None,
        "left": len(left),
        "said": judging.last_said(run, me(request), against),
        "against": against,
        "rate": judging.win_rate(run, against),
    }
    return render(request, "runs/judge.html", context)


def _hear(request: HttpRequest, run: TrainingRun, against: str, rows: int) -> None:
    """A judgement, or that one is taken back; anything else is passed over."""
    number, choice = request.POST.get("number", ""), request.POST.get("choice", "")
    if not number.isdecimal() or int(number) >= rows:
        return
    if choice in ("left", "right", "tie"):
        judging.judge(run, me(request), against=against, number=int(number), choice=choice)
    elif choice == "undo" and judging.take_back(run, me(request), against=against, number=int(number)):
        messages.success(request, _("Taken back: here is the pair again."))
