"""Adapters, for their team's admins: bring one, look at it, download it, merge it, delete it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.serving import access, downloads, live, services, uploads
from webapp.serving.files import base_version, directory
from webapp.serving.forms import UploadForm
from webapp.serving.models import Adapter, Checked, Merging
from webapp.serving.views import home_page

STATE = "serving/adapter_state.html"


@require_POST
@in_team(Role.ADMIN)
def upload(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return home_page(request, membership, form)
    name, files = form.cleaned_data["name"], form.cleaned_data["upload"]
    added = uploads.add_adapter(team=membership.team, author=me(request), files=files, name=name)
    return redirect(added)


@login_required
@require_GET
def adapter(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    found = access.adapter_for(me(request), adapter_id)
    switch_team(request, found.team)
    versions = found.versions.select_related("model").order_by("-created_at")
    context = {"versions": versions, **live.with_mark(STATE, _state(found))}
    return render(request, "serving/adapter.html", context)


@login_required
@require_GET
def state(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """The part of the page that changes by itself."""
    return live.if_changed(request, STATE, _state(access.adapter_for(me(request), adapter_id)))


def _state(found: Adapter) -> dict[str, object]:
    changing = found.status == Checked.CHECKING or found.merging == Merging.WANTED
    return {"adapter": found, "base": base_version(), "changing": changing}


@login_required
@require_GET
def download(request: HttpRequest, adapter_id: UUID) -> StreamingHttpResponse:
    """Its weights, configuration and run.json, as others can load them."""
    found = access.adapter_for(me(request), adapter_id)
    if not found.ready or not directory(found.sha256).is_dir():
        raise Http404
    return downloads.archive(directory(found.sha256), found.name)


@login_required
@require_POST
def merge(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    found = access.adapter_for(me(request), adapter_id)
    if found.ready:
        services.merge(found)
    return redirect(found)


@login_required
@require_POST
def unmerge(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Stops it, or removes what it made."""
    found = access.adapter_for(me(request), adapter_id)
    services.unmerge(found)
    return redirect(found)


@login_required
@require_GET
def merged(request: HttpRequest, adapter_id: UUID) -> StreamingHttpResponse:
    found = access.adapter_for(me(request), adapter_id)
    if found.merging != Merging.DONE or not found.merged.is_dir():
        raise Http404
    return downloads.archive(found.merged, f"{found.name} merged")


@login_required
@require_POST
def delete(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    found = access.adapter_for(me(request), adapter_id)
    try:
        services.delete_adapter(found)
    except services.NotNow as error:
        messages.error(request, str(error))
        return redirect(found)
    messages.success(request, _("The adapter was deleted."))
    return redirect("serving:home")
