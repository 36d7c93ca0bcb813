"""The review table: rows are read, filtered, corrected, accepted and rejected; each as the model will see it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.datasets import access, lessons, looking, reviewing, services
from webapp.datasets.forms import InspectForm, ReviewForm, RowForm
from webapp.datasets.lessons import Values
from webapp.datasets.models import Review, Row
from webapp.datasets.reviewing import Wish
from webapp.datasets.turns import changed, held
from webapp.lib.counts import Count

MAX_ASKS = 40  # times that a page asks for what a worker is to look at


@login_required
@require_GET
def rows(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """The table; to htmx what of it the filter changes."""
    found = access.dataset_for(me(request), dataset_id)
    switch_team(request, found.team)
    wish = Wish.of(request.GET)
    page, lines = reviewing.lines_of(found, wish)
    context = {
        "dataset": found,
        "wish": wish,
        "page": page,
        "lines": lines,
        "pages": page.paginator.get_elided_page_range(page.number),
        "counts": reviewing.counts(found),
        "reviews": Review,
        "worker_alive": not found.job or services.somebody_works(),
    }
    template = "datasets/table.html" if request.headers.get("HX-Request") else "datasets/rows.html"
    return render(request, template, context)


@login_required
@require_http_methods(["GET", "POST"])
def row(request: HttpRequest, dataset_id: UUID, number: int) -> HttpResponse:
    """One row, to be read and edited; to htmx as a dialog."""
    found = access.row_for(me(request), dataset_id, number)
    switch_team(request, found.dataset.team)
    posted = request.POST if request.method == "POST" else None
    form = _form(found, posted, found.values if posted is None else held(found.values, posted))
    if form.is_valid():
        try:
            services.edit_row(found, form.values)
        except services.Busy as error:
            form.add_error(None, str(error))
        else:
            return _shown(request, found)
    return _row_page(request, found, form)


def _form(found: Row, posted: QueryDict | None, values: Values) -> RowForm:
    return RowForm(posted, values=values, longest=max(map(len, lessons.texts(found.values))))


@login_required
@require_POST
def turns(request: HttpRequest, dataset_id: UUID, number: int) -> HttpResponse:
    """What is in the form, with turns put in or taken out; nothing is saved. To htmx the fields."""
    found = access.row_for(me(request), dataset_id, number)
    change = request.POST.get("change", "")
    form = _form(found, None, changed(held(found.values, request.POST), change))
    place = change.rpartition("-")[2]
    form.focus(int(place) if place.isdecimal() else 0)
    if request.headers.get("HX-Request"):
        context = {"form": form, "row": found, "dataset": found.dataset, "unsaved": form.values != found.values}
        return render(request, "datasets/turns.html", context)
    return _row_page(request, found, form)


def _row_page(request: HttpRequest, found: Row, form: RowForm) -> HttpResponse:
    dialog = bool(request.headers.get("HX-Request"))
    if dialog and not form.is_bound:
        form.focus(0)
    context = {"row": found, "dataset": found.dataset, "form": form, "line": reviewing.line(found), "dialog": dialog}
    context["max_length"] = found.dataset.survey.get("max_length", 512)
    context["neighbours"] = _neighbours(found)
    context["unsaved"] = form.values != found.values
    template = "datasets/row_dialog.html" if dialog else "datasets/row.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    if dialog and form.errors:
        response["HX-Retarget"], response["HX-Reswap"] = "#row-dialog", "outerHTML"
    return response


def _neighbours(found: Row) -> tuple[int | None, int | None]:
    rows = found.dataset.rows
    before = rows.filter(number__lt=found.number).order_by("-number").values_list("number", flat=True).first()
    after = rows.filter(number__gt=found.number).order_by("number").values_list("number", flat=True).first()
    return before, after


@login_required
@require_POST
def review(request: HttpRequest, dataset_id: UUID, number: int) -> HttpResponse:
    found = access.row_for(me(request), dataset_id, number)
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            services.review(found.dataset.rows.filter(pk=found.pk), found.dataset, Review(form.cleaned_data["review"]))
        except services.Busy as error:
            return _busy(request, found, error)
        found.review = form.cleaned_data["review"]
    return _shown(request, found)


def _busy(request: HttpRequest, found: Row, error: services.Busy) -> HttpResponse:
    from django_htmx.http import trigger_client_event

    if not request.headers.get("HX-Request"):
        messages.error(request, str(error))
    return trigger_client_event(_shown(request, found), "toast", {"message": str(error), "level": "error"})


def _shown(request: HttpRequest, found: Row) -> HttpResponse:
    """To htmx the row's line in the table."""
    if request.headers.get("HX-Request"):
        context = {"line": reviewing.line(found), "dataset": found.dataset}
        return render(request, "datasets/line.html", context)
    query = request.POST.get("query", "")
    address = reverse("datasets:rows", args=[found.dataset_id])
    return redirect(f"{address}?{query}#row-{found.number}" if query else f"{address}#row-{found.number}")


@login_required
@require_POST
def review_all(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """Says the same of all rows that the filter lets through."""
    found = access.dataset_for(me(request), dataset_id)
    wish, form = Wish.of(request.POST), ReviewForm({"review": request.POST.get("verdict", "")})
    if form.is_valid():
        verdict = Review(form.cleaned_data["review"])
        try:
            count = services.review(wish.of_rows(found), found, verdict)
        except services.Busy as error:
            messages.error(request, str(error))
        else:
            said = ngettext("%(count)s row: %(verdict)s.", "%(count)s rows: %(verdict)s.", count)
            messages.success(request, said % {"count": Count(count), "verdict": verdict.label})
    address = reverse("datasets:rows", args=[found.pk])
    return redirect(f"{address}?{wish.query}" if wish.query else address)


@login_required
@require_GET
def tokens(request: HttpRequest, dataset_id: UUID, number: int) -> HttpResponse:
    """The row as the model will see it: asked for until a worker has looked."""
    found = access.row_for(me(request), dataset_id, number)
    form = InspectForm(request.GET)
    max_length = form.cleaned_data["max_length"] if form.is_valid() else 512
    asks = int(request.GET["asks"]) if request.GET.get("asks", "").isdecimal() else 0
    context = {
        "row": found,
        "dataset": found.dataset,
        "max_length": max_length,
        "seen": looking.seen(found, max_length, asked=asks > 0),
        "asks": asks + 1,
        "given_up": asks >= MAX_ASKS,
    }
    return render(request, "datasets/tokens.html", context)
