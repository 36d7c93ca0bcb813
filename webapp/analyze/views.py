"""The analyze pages. Every one works without script; with it the socket says that there are new labels, and the part of
the page that shows them is fetched."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.analyze import reading, services, tables
from webapp.analyze.forms import AnalyzeForm, ColumnForm, FileForm, LabelForm, ThumbForm
from webapp.analyze.models import Analysis, Label, Row
from webapp.chat import option_views, pages
from webapp.chat.forms import first_error
from webapp.chat.models import Task

PREVIEW = 5  # rows of a table whose column is still to be chosen


@require_http_methods(["GET", "POST"])
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Texts, pasted or in a file; they make the analysis."""
    may_write = membership.may(Role.MEMBER)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    form = AnalyzeForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("table", "text", "name", "client_id")}
        begun = option_views.options_of_new(request, membership)
        return redirect(services.analyze(team=membership.team, author=me(request), options=begun, **asked))
    context = {
        "task": Task.ANALYZE,
        "page": pages.recent(me(request), membership.team, task=Task.ANALYZE),
        "form": form,
        "client_id": uuid4(),
        "may_write": may_write,
        "most": f"{tables.MOST_ROWS:,}",
        **option_views.picker_of_new(request, membership),
    }
    return render(request, "analyze/home.html", context, status=422 if form.errors else 200)


@require_POST
@in_team(Role.MEMBER)
def file(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The text of a file, for the box: {"text", "name"}, or {"error": sentence}."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"error": first_error(form)}, status=422)
    return JsonResponse({"text": form.cleaned_data["file"], "name": str(form.files["file"])})


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The analysis; for htmx the part of it that changes."""
    analysis = reading.analysis_for(me(request), conversation_id)
    if request.headers.get("HX-Target") == "results":
        return render(request, "analyze/results.html", _results(request, analysis))
    switch_team(request, analysis.conversation.team)
    return render(request, "analyze/conversation.html", _page(request, analysis))


def _page(request: HttpRequest, analysis: Analysis) -> dict[str, Any]:
    recent = pages.recent(me(request), analysis.conversation.team, task=Task.ANALYZE)
    context = {"task": Task.ANALYZE, "page": recent, "current": str(analysis.pk), "analysis": analysis}
    if analysis.column is not None:
        return context | _results(request, analysis)
    preview = list(analysis.rows.order_by("number")[:PREVIEW])
    best = tables.likeliest([row.cells for row in preview])
    return context | {
        "conversation": analysis.conversation,
        "may_write": "write" in analysis.conversation.rights,
        "form": ColumnForm(analysis.columns, initial={"column": best}),
        "preview": preview,
        "count": analysis.rows.count(),
    }


def _results(request: HttpRequest, analysis: Analysis) -> dict[str, Any]:
    wish = reading.Wish.of(request.GET)
    rows = reading.rows_of(analysis, wish, me(request))
    asked = request.GET.copy()
    if "at" in asked and not rows.paginator.count:  # a search found it in another column
        wish = replace(wish, text="")
        rows = reading.rows_of(analysis, wish, me(request))
        asked.pop("q", None)
    for name in ("page", "at"):
        asked.pop(name, None)
    return {
        "conversation": analysis.conversation,
        "analysis": analysis,
        "may_write": "write" in analysis.conversation.rights,
        "progress": reading.progress(analysis),
        "rows": rows,
        "pages": rows.paginator.get_elided_page_range(rows.number, on_each_side=1, on_ends=1),
        "wish": wish,
        "labels": Label,
        "query": asked.urlencode(),
        "elsewhere": analysis.conversation.options.get("endpoint"),
    }


@login_required
@require_POST
def column(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    analysis = reading.analysis_for(me(request), conversation_id, to="write")
    form = ColumnForm(analysis.columns, request.POST)
    if form.is_valid():
        services.begin(analysis=analysis, column=form.cleaned_data["column"])
    else:
        messages.error(request, first_error(form))
    return redirect(analysis.conversation)


@login_required
@require_POST
def stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    analysis = reading.analysis_for(me(request), conversation_id, to="write")
    services.stop(analysis=analysis)
    return _done(request, analysis)


@login_required
@require_POST
def go_on(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    analysis = reading.analysis_for(me(request), conversation_id, to="write")
    services.go_on(analysis=analysis)
    return _done(request, analysis)


@login_required
@require_POST
def label(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    row = reading.row_for(me(request), conversation_id, number)
    form = LabelForm(request.POST)
    if form.is_valid():
        services.correct(row=row, author=me(request), label=form.cleaned_data["label"])
    return _done(request, row.analysis)


@login_required
@require_POST
def thumb(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    row = reading.row_for(me(request), conversation_id, number)
    form = ThumbForm(request.POST)
    if form.is_valid():
        services.judge(row=row, author=me(request), thumb=form.cleaned_data["thumb"])
    return _done(request, row.analysis)


@login_required
@require_GET
def download(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """All rows with their labels, as a CSV file."""
    analysis = reading.analysis_for(me(request), conversation_id)
    name = (analysis.name.rsplit(".", 1)[0] or str(analysis.conversation))[:80]
    response = HttpResponse(tables.write(_table(analysis)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.csv") or "attachment"
    return response


def _table(analysis: Analysis) -> Iterator[list[str]]:
    heads = [_("Label"), _("Confidence"), *[str(label.label) for label in Label], _("The model’s label")]
    yield [*(analysis.columns or [_("Text")]), *heads]
    for row in analysis.rows.order_by("number").iterator(1000):
        yield [*row.cells, *_figures(row)]


def _figures(row: Row) -> list[str]:
    told = row.probabilities or {}
    shares = [f"{told[label]:.4f}" if label in told else "" for label in Label]
    confidence = "" if row.confidence is None or row.correction else f"{row.confidence:.4f}"
    return [row.correction or row.label, confidence, *shares, row.label]


def _done(request: HttpRequest, analysis: Analysis) -> HttpResponse:
    """With script the page then fetches what it shows; without, it is loaded again as it was."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    back = request.POST.get("query", "")
    return redirect(f"{analysis.conversation.get_absolute_url()}?{back}" if back else analysis.conversation)
