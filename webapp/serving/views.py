"""Named models, for their team's admins: putting an adapter in service, looking at it, taking it back."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.runs.access import run_for
from webapp.runs.models import Status, TrainingRun
from webapp.serving import access, live, services
from webapp.serving.files import base_version
from webapp.serving.forms import ModelForm, ServiceForm, UploadForm
from webapp.serving.models import Adapter, Checked, NamedModel, Version
from webapp.serving.standing import loading, standing

PAGE, HISTORY = 20, 30
STATE = "serving/state.html"


@require_GET
@in_team(Role.ADMIN)
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    return home_page(request, membership, UploadForm())


def home_page(request: HttpRequest, membership: Membership, form: UploadForm) -> HttpResponse:
    page = Paginator(access.adapters_of(membership.team), PAGE).get_page(request.GET.get("page", "1"))
    models = list(access.models_of(membership.team))
    busy = any(loading(model) for model in models) or any(found.status == Checked.CHECKING for found in page)
    context = {"models": models, "page": page, "form": form, "base": base_version(), "busy": busy}
    return render(request, "serving/home.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_team(Role.ADMIN)
def new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Puts ?run= or ?adapter= in service: under a new name, or as the next version of a model."""
    run, adapter = _wanted(request)
    team = run.team if run else adapter.team if adapter else membership.team
    switch_team(request, team)
    if not run and not adapter:
        return redirect("serving:home")
    if sentence := _unfit(run, adapter):
        messages.error(request, sentence)
        return redirect("runs:run", run.pk) if run else redirect("serving:home")
    form = ServiceForm(request.POST or None, user=me(request), team=team)
    form.fields["name"].initial = run.name[:60] if run else str(adapter)[:60]
    if form.is_valid():
        return redirect(_put(request, form, services.adapter_of(run, me(request)) if run else adapter))
    context = {"form": form, "run": run, "adapter": adapter, "withdrawn": _withdrawn(run, adapter)}
    return render(request, "serving/new.html", context, status=422 if form.errors else 200)


def _wanted(request: HttpRequest) -> tuple[TrainingRun | None, Adapter | None]:
    try:
        if request.GET.get("run"):
            return run_for(me(request), UUID(request.GET["run"])), None
        if request.GET.get("adapter"):
            return None, access.adapter_for(me(request), UUID(request.GET["adapter"]))
    except ValueError:
        raise Http404 from None
    return None, None


def _unfit(run: TrainingRun | None, adapter: Adapter | None) -> str:
    if run and (run.status != Status.DONE or not run.makes_adapter):
        return _("Only a run that is done and made an adapter can be put in service.")
    if adapter and adapter.status == Checked.REFUSED:
        return _("This adapter was refused: %s") % adapter.problem
    if adapter and adapter.ready and adapter.base != base_version():
        return _(
            "It was made for another base model than the one in service. Start Colloquy with that one to serve it."
        )
    return ""


def _withdrawn(run: TrainingRun | None, adapter: Adapter | None) -> bool:
    if run:
        return bool(run.version and run.version.withdrawn)
    return bool(adapter and adapter.withdrawn)


def _put(request: HttpRequest, form: ServiceForm, adapter: Adapter | None) -> NamedModel:
    assert adapter
    wanted = form.cleaned_data
    found = wanted["existing"] or services.create_model(
        team=form.team, name=wanted["name"], teams=list(wanted["teams"])
    )
    services.put_in_service(model=found, adapter=adapter, author=me(request), share=wanted["share"] or 100)
    return found


@login_required
@require_http_methods(["GET", "POST"])
def model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    found = access.model_for(me(request), model_id)
    switch_team(request, found.team)
    form = ModelForm(request.POST or None, user=me(request), team=found.team, model=found)
    if form.is_valid():
        services.rename_model(model=found, name=form.cleaned_data["name"], teams=list(form.cleaned_data["teams"]))
        messages.success(request, _("Saved."))
        return redirect(found)
    changes = found.changes.select_related("author", "version__adapter", "version__model").order_by("-created_at")
    history = Paginator(changes, HISTORY).get_page(request.GET.get("page", "1"))
    context = {"form": form, "history": history, **live.with_mark(STATE, standing(request, found))}
    return render(request, "serving/model.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def state(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """The part of the page that changes by itself."""
    return live.if_changed(request, STATE, standing(request, access.model_for(me(request), model_id)))


@login_required
@require_POST
def promote(request: HttpRequest, model_id: UUID) -> HttpResponse:
    found = access.model_for(me(request), model_id)
    try:
        services.promote(model=found, author=me(request))
    except services.NotNow as error:
        messages.error(request, str(error))
    return redirect(found)


@login_required
@require_POST
def roll_back(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """One step, or to the version that the form names."""
    found = access.model_for(me(request), model_id)
    services.roll_back(model=found, author=me(request), to=_named(request, found))
    return redirect(found)


def _named(request: HttpRequest, model: NamedModel) -> Version | None:
    if not request.POST.get("version"):
        return None
    try:
        number = int(request.POST["version"])
    except ValueError:
        raise Http404 from None
    return get_object_or_404(model.versions.select_related("adapter"), number=number, adapter__status=Checked.READY)


@login_required
@require_POST
def take_out(request: HttpRequest, model_id: UUID) -> HttpResponse:
    found = access.model_for(me(request), model_id)
    services.take_out(model=found, author=me(request))
    messages.success(request, _("It is out of service. Conversations that used it go on with the base model."))
    return redirect(found)


@login_required
@require_POST
def delete(request: HttpRequest, model_id: UUID) -> HttpResponse:
    found = access.model_for(me(request), model_id)
    try:
        services.delete_model(found)
    except services.NotNow as error:
        messages.error(request, str(error))
        return redirect(found)
    messages.success(request, _("The model was deleted. Its adapters are kept."))
    return redirect("serving:home")
