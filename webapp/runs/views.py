"""Runs and what they learn from. Every page works without script; with it, the socket brings what changes."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, F, When
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.runs import access, allowance, curves, lesson_form, logs, outcome, presets, services, tokens, uploads
from webapp.runs.forms import RunForm, UploadForm
from webapp.runs.models import ACTIVE, Checked, Command, Corpus, Status, TrainingRun

RUNS_PAGE = 30
LONGEST_PIECE = 2000  # characters whose tokens are shown


@require_GET
@in_team(Role.ADMIN)
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The queue first, in its order; then the rest, the newest first."""
    turn = Case(When(status__in=ACTIVE, then=F("queued_at")))
    runs = access.runs_of(membership.team).order_by(turn.asc(nulls_last=True), "-created_at")
    page = Paginator(runs, RUNS_PAGE).get_page(request.GET.get("page", "1"))
    for run in page:
        run.ahead = services.place_in_queue(run) if run.status == Status.QUEUED else 0
    context = {"page": page, "active": any(run.active for run in page), **allowance.of(membership.team)}
    return render(request, "runs/home.html", context)


@require_http_methods(["GET", "POST"])
@in_team(Role.ADMIN)
def new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """?again= fills the form as that run's was."""
    form = RunForm(request.POST or None, team=membership.team, initial=_begun(request, membership))
    if form.is_valid():
        wanted = form.cleaned_data
        corpora = list(wanted["corpora"])
        try:
            run = services.create_run(
                team=membership.team,
                author=me(request),
                name=wanted["name"],
                config=uploads.configuration(wanted["size"], corpora, minutes=wanted["minutes"], seed=wanted["seed"]),
                corpora=corpora,
            )
        except services.Refused as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:run", run.pk)
    return _new_page(request, membership, form, UploadForm(), status=422 if form.errors else 200)


def _begun(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    """`gone`: how many of the run's files were removed since."""
    found = access.run_of(membership.team, request.GET.get("again", ""))
    if not found or found.command != Command.PRETRAIN:
        return {}
    kept = [str(key) for key in found.corpora.values_list("pk", flat=True)]
    learnt = {source["file"] for stage in found.config.get("stages", ()) for source in stage["sources"]}
    return {**presets.asked(found.config), "name": found.name, "corpora": kept, "gone": len(learnt) - len(kept)}


@require_POST
@in_team(Role.ADMIN)
def upload(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _new_page(request, membership, RunForm(team=membership.team), form, status=422)
    uploads.add_corpus(team=membership.team, author=me(request), file=form.cleaned_data["file"])
    return redirect("runs:new")


def _new_page(
    request: HttpRequest, membership: Membership, form: RunForm, upload_form: UploadForm, *, status: int
) -> HttpResponse:
    corpora = list(access.corpora_of(membership.team))
    context = {
        "form": form,
        "upload": upload_form,
        "corpora": corpora,
        "checking": any(corpus.status == Checked.CHECKING for corpus in corpora),
        "sizes": form.sizes,
    }
    context |= {"chosen": _chosen(form, corpora), **allowance.of(membership.team)}
    return render(request, "runs/new.html", context, status=status)


def _chosen(form: RunForm, corpora: list[Corpus]) -> list[str]:
    """The ids of the files that are ticked: at first those of the run that is made again, or the one that came last."""
    if form.is_bound or "corpora" in form.initial:
        return list(form["corpora"].value() or [])
    return [str(corpus.pk) for corpus in corpora if corpus.status == Checked.READY][:1]


@require_GET
@in_team(Role.ADMIN)
def corpora(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The rows of the list of files, asked for while one is being checked; ?corpora= are ticked and stay so."""
    found = list(access.corpora_of(membership.team))
    checking = any(corpus.status == Checked.CHECKING for corpus in found)
    context = {"corpora": found, "checking": checking, "chosen": request.GET.getlist("corpora")}
    return render(request, "runs/corpora.html", context)


@login_required
@require_POST
def delete_corpus(request: HttpRequest, corpus_id: UUID) -> HttpResponse:
    corpus = access.corpus_for(me(request), corpus_id)
    try:
        uploads.delete_corpus(corpus)
    except services.InUse as error:
        messages.error(request, str(error))
    return redirect("runs:new")


@login_required
@require_GET
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = access.run_for(me(request), run_id)
    switch_team(request, found.team)
    return render(request, "runs/run.html", page_of(found))


def page_of(run: TrainingRun) -> dict:
    """What happens while the page is put together is told by the socket once more: the last event comes first."""
    last_event = services.last_event(run)
    lesson = outcome.of(run) if run.command == Command.FINETUNE else {}
    return {
        "run": run,
        "settings": lesson_form.summary(run.config) if lesson else [],
        "curves": curves.of(run),
        "facts": curves.facts(run),
        "samples": [] if lesson else run.events.filter(kind="sampled").order_by("-step")[:20],
        "log": logs.last_lines(run.log),
        "ahead": services.place_in_queue(run) if run.status == "queued" else 0,
        "worker_alive": services.somebody_works() if run.active or run.status == Status.PLANNED else True,
        "last_event": last_event,
        "config": json.dumps(run.config, indent=2, ensure_ascii=False),
        **lesson,
    }


@login_required
@require_GET
def config(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The exact configuration, to repeat the run by hand."""
    found = access.run_for(me(request), run_id)
    response = JsonResponse(found.config, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{found.pk}.json"'
    return response


@login_required
@require_GET
def log(request: HttpRequest, run_id: UUID) -> FileResponse:
    found = access.run_for(me(request), run_id)
    if not found.log.is_file():
        raise Http404
    return FileResponse(found.log.open("rb"), content_type="text/plain; charset=utf-8")


@login_required
@require_GET
def log_more(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What came after the first ?after= bytes of the log; 204 where nothing did."""
    found = access.run_for(me(request), run_id)
    after = request.GET.get("after", "")
    piece = logs.lines_after(found.log, int(after[:15]) if after.isdecimal() else 0)
    if not piece:
        return HttpResponse(status=204)
    return render(request, "runs/log_more.html", {"run": found, "log": piece})


@login_required
@require_POST
def tokenize(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """How the run's own tokenizer divides a text."""
    found = access.run_for(me(request), run_id)
    text = request.POST.get("text", "")[:LONGEST_PIECE]
    return render(request, "runs/tokens.html", {"run": found, "pieces": tokens.pieces(found, text), "text": text})


@login_required
@require_POST
def stop(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Goes back to the list where it was asked for there."""
    services.stop_run(access.run_for(me(request), run_id))
    return redirect("runs:home") if request.POST.get("back") else redirect("runs:run", run_id)


@login_required
@require_POST
def resume(request: HttpRequest, run_id: UUID) -> HttpResponse:
    try:
        services.resume_run(access.run_for(me(request), run_id))
    except services.Refused as error:
        messages.error(request, str(error))
    return redirect("runs:run", run_id)


@login_required
@require_POST
def delete(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = access.run_for(me(request), run_id)
    try:
        services.delete_run(found)
    except services.InUse as error:
        messages.error(request, str(error))
        return redirect("runs:run", run_id)
    messages.success(request, _("The run was deleted."))
    return redirect("runs:home")
