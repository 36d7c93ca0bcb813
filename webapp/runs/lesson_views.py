"""Teaching a model: the form, the planned run that waits for a yes, and the judging of what came of it."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.runs import access, allowance, judging, services
from webapp.runs.lesson_form import LessonForm, versions_of


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
        )
        return redirect("runs:run", run.pk)
    context = {
        "form": form,
        "versions": versions_of(membership.team).exists(),
        "left_minutes": allowance.left_minutes(membership.team),
        "allowed_minutes": settings.TRAINING_MINUTES_PER_TEAM,
    }
    return render(request, "runs/teach.html", context, status=422 if form.errors else 200)


def _begun(request: HttpRequest, membership: Membership) -> dict:
    if request.GET.get("again"):
        try:
            found = access.runs_of(membership.team).filter(pk=UUID(request.GET["again"])).first()
        except ValueError:
            found = None
        if found and found.version_id:
            return {**found.config, "name": found.name, "version": found.version_id}
    return {"version": request.GET["version"]} if request.GET.get("version") else {}


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
        number, choice = request.POST.get("number", ""), request.POST.get("choice", "")
        if number.isdecimal() and int(number) < len(rows) and choice in ("left", "right", "tie"):
            judging.judge(run, me(request), against=against, number=int(number), choice=choice)
        return redirect(f"{request.path}?against={against}")
    left = list(judging.duels(run, me(request), against))
    context = {
        "run": run,
        "duel": left[0] if left else None,
        "left": len(left),
        "against": against,
        "rate": judging.win_rate(run, against),
    }
    return render(request, "runs/judge.html", context)
