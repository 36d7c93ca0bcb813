"""A team's endpoints, for its admins. No page ever holds a key."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.generation import endpoints as services
from webapp.generation.access import endpoint_for
from webapp.generation.forms import ChangeForm, EndpointForm
from webapp.generation.models import Endpoint
from webapp.lib import sealing


@require_http_methods(["GET", "POST"])
@in_team(Role.ADMIN)
def endpoints(request: HttpRequest, membership: Membership) -> HttpResponse:
    """All of a team's, and the form that adds one; its models are chosen on its own page."""
    form = EndpointForm(request.POST or None, team=membership.team)
    if form.is_valid():
        added = services.add_endpoint(team=membership.team, cards=form.cards, **form.cleaned_data)
        messages.success(request, found(added))
        return redirect("generation:endpoint", added.pk)
    rows = Endpoint.objects.filter(team=membership.team).order_by("name")
    context = {"own": membership, "endpoints": rows, "form": form}
    return render(request, "generation/endpoints.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def endpoint(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    row = endpoint_for(me(request), endpoint_id)
    switch_team(request, row.team)
    form = ChangeForm(request.POST or None, endpoint=row)
    if form.is_valid():
        _change(row, form)
        messages.success(request, _("The endpoint is saved."))
        return redirect("generation:endpoint", row.pk) if hasattr(form, "cards") else redirect("generation:endpoints")
    context = {"endpoint": row, "form": form, "gone": set(row.served) - set(row.listed)}
    return render(request, "generation/endpoint.html", context, status=422 if form.errors else 200)


def _change(row: Endpoint, form: ChangeForm) -> None:
    values = {name: form.cleaned_data[name] for name in ("name", "url", "served")}
    services.change_endpoint(endpoint=row, key=form.new_key, **values)
    if hasattr(form, "cards"):
        services.check_endpoint(endpoint=row, cards=form.cards)


@login_required
@require_POST
def test(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Asks the server again what it serves."""
    row = endpoint_for(me(request), endpoint_id)
    try:
        cards = services.list_models(row.url, sealing.unseal(row.sealed_key))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    except sealing.Unreadable:
        messages.error(request, _("The stored key cannot be read any more. Enter it again."))
    else:
        services.check_endpoint(endpoint=row, cards=cards)
        messages.success(request, found(row))
    return redirect("generation:endpoint", row.pk)


@login_required
@require_POST
def remove(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    row = endpoint_for(me(request), endpoint_id)
    services.remove_endpoint(endpoint=row)
    messages.success(request, _("The endpoint is removed. Conversations that used it go on with the base model."))
    return redirect("generation:endpoints")


def found(row: Endpoint) -> str:
    count = len(row.listed)
    return ngettext("The server answers and lists %d model.", "The server answers and lists %d models.", count) % count
