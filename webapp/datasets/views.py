"""Datasets: the list, one of them and what is done with it. Every page works without script."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.datasets import access, figures, kinds, reviewing, services
from webapp.datasets.consent import who_agree
from webapp.datasets.forms import ColumnsForm, FormForm, FreezeForm, GatherForm, InspectForm, NameForm, UploadForm
from webapp.datasets.models import Dataset, Job, Shape, Status, Version

A_PAGE = 30
TOLD = 50  # bad rows on a page
PARTS = ("train", "held-out")


@require_GET
@in_team(Role.ADMIN)
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    return _home(request, membership, UploadForm())


def _home(request: HttpRequest, membership: Membership, form: UploadForm, *, status: int = 200) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    found = access.datasets_of(membership.team, archived=archived)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page", "1"))
    context = {
        "page": page,
        "form": form,
        "archived": archived,
        "any_archived": access.datasets_of(membership.team, archived=True).exists(),
        "busy": any(dataset.job for dataset in page),
        "agreed": len(who_agree(membership.team)),
        "people": membership.team.memberships.count(),
        "gatherings": [(shape, services.GATHERED[shape], shape.label) for shape in Shape],
    }
    return render(request, "datasets/home.html", context, status=status)


@require_POST
@in_team(Role.ADMIN)
def upload(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _home(request, membership, form, status=422)
    made = services.add_dataset(team=membership.team, author=me(request), file=form.cleaned_data["file"])
    return redirect("datasets:dataset", made.pk)


@require_POST
@in_team(Role.ADMIN)
def gather(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = GatherForm(request.POST)
    if not form.is_valid():
        return redirect("datasets:home")
    made = services.gather(team=membership.team, author=me(request), shape=Shape(form.cleaned_data["shape"]))
    return redirect("datasets:dataset", made.pk)


@login_required
@require_GET
def dataset(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    switch_team(request, found.team)
    return _page(request, found)


def _worker_alive(found: Dataset) -> bool:
    return not found.job or services.somebody_works()


def _page(request: HttpRequest, found: Dataset, *, status: int = 200, **forms: object) -> HttpResponse:
    versions = list(access.versions_of(found))
    context = {
        "dataset": found,
        "worker_alive": _worker_alive(found),
        "freeze_form": FreezeForm(),
        "inspect_form": InspectForm(initial={"max_length": found.survey.get("max_length", 512)}),
        "problems": found.problems.order_by("line")[:TOLD] if found.bad_rows else [],
        "versions": versions,
        "fresh": next((version for version in versions[:1] if _is_fresh(version, found)), None),
        "counts": reviewing.counts(found),
        "lengths": figures.lengths(found.survey),
        "mix": figures.language_mix(found.survey),
        "personal": figures.personal_data(found.survey),
        "form_name": kinds.FORMS[found.mapping["form"]].label if found.mapping else "",
    }
    return render(request, "datasets/dataset.html", context | forms, status=status)


def _is_fresh(version: Version, found: Dataset) -> bool:
    """Whether it holds what the dataset would be frozen as now, and a model may learn from it."""
    at_rest = not found.job and not found.archived_at
    return at_rest and version.created_at >= found.changed_at and not version.withdrawn


@login_required
@require_GET
def state(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """How far the job is, asked for while one goes on; at its end the page is loaded anew."""
    found = access.dataset_for(me(request), dataset_id)
    response = render(request, "datasets/state.html", {"dataset": found, "worker_alive": _worker_alive(found)})
    if not found.job:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """Which column is what."""
    found = access.dataset_for(me(request), dataset_id)
    if found.status not in (Status.MAPPING, Status.CHOOSING):
        return redirect("datasets:dataset", found.pk)
    asked = FormForm({"form": request.POST.get("form") or request.GET.get("form") or found.mapping.get("form", "pair")})
    name = asked.cleaned_data["form"] if asked.is_valid() else "pair"
    form = ColumnsForm(request.POST or None, dataset=found, form=name)
    if form.is_valid():
        return _then(request, found, lambda: services.map_columns(found, form.mapping))
    context = {"dataset": found, "asked": asked, "form": form, "preview": _cells(found)}
    return render(request, "datasets/columns.html", context, status=422 if form.errors else 200)


def _cells(dataset: Dataset) -> list[list[str]]:
    return [[row.get(column, "") for column in dataset.columns] for row in dataset.preview]


@login_required
@require_POST
def keep(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    return _then(request, found, lambda: services.keep_good_rows(found))


@login_required
@require_POST
def stop(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    return _then(request, found, lambda: services.stop(found))


@login_required
@require_POST
def rename(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    form = NameForm(request.POST)
    if form.is_valid():
        services.rename(found, form.cleaned_data["name"])
    else:
        messages.error(request, _("A dataset needs a name of at most 200 characters."))
    return redirect("datasets:dataset", found.pk)


@login_required
@require_POST
def inspect(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    form = InspectForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, inspect_form=form)
    return _then(request, found, lambda: services.start(found, Job.INSPECT, **form.cleaned_data))


@login_required
@require_POST
def mask(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    return _then(request, found, lambda: services.start(found, Job.MASK))


@login_required
@require_POST
def freeze(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    form = FreezeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, freeze_form=form)
    wish = {"share": form.cleaned_data["share"], "by": me(request).pk}
    return _then(request, found, lambda: services.start(found, Job.FREEZE, **wish))


@login_required
@require_POST
def archive(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    return _then(request, found, lambda: services.archive(found, archived=request.POST.get("archived") == "1"))


@login_required
@require_POST
def delete(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    found = access.dataset_for(me(request), dataset_id)
    try:
        services.delete(found)
    except (services.InUse, services.Busy) as error:
        messages.error(request, str(error))
        return redirect("datasets:dataset", found.pk)
    messages.success(request, _("The dataset was deleted."))
    return redirect("datasets:home")


def _then(request: HttpRequest, found: Dataset, deed: Callable[[], None]) -> HttpResponse:
    """Does it, and shows the dataset; where it is busy, says so."""
    try:
        deed()
    except services.Busy as error:
        messages.error(request, str(error))
    return redirect("datasets:dataset", found.pk)


@login_required
@require_GET
def download(request: HttpRequest, dataset_id: UUID, number: int, part: str) -> FileResponse:
    version = access.version_for(me(request), dataset_id, number)
    path = version.directory / f"{part}.jsonl"
    if part not in PARTS or not path.is_file():
        raise Http404
    name = f"{version.dataset.name}-{number}-{part}.jsonl"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/jsonl")
