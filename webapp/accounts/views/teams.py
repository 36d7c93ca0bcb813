"""Having several teams, one, or none."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts import services
from webapp.accounts.access import current_membership, me, membership_for, switch_team, team_for
from webapp.accounts.forms import TeamForm


@login_required
@require_safe
def no_team(request: HttpRequest) -> HttpResponse:
    if current_membership(request):
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/no_team.html")


@login_required
@require_http_methods(["GET", "POST"])
def new_team(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if form.is_valid():
        membership = services.create_team(name=form.cleaned_data["team_name"], owner=me(request))
        switch_team(request, membership.team)
        return redirect("accounts:team")
    return render(request, "accounts/new_team.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def switch(request: HttpRequest, team_id: int) -> HttpResponse:
    switch_team(request, team_for(me(request), team_id))
    return redirect(settings.LOGIN_REDIRECT_URL)


@login_required
@require_POST
def leave(request: HttpRequest, team_id: int) -> HttpResponse:
    membership = membership_for(me(request), team_id)
    try:
        services.leave_team(member=membership)
    except ValidationError as refusal:
        messages.error(request, refusal.message)
        return redirect("accounts:team")
    messages.success(request, _("You have left %(team)s.") % {"team": membership.team})
    return redirect(settings.LOGIN_REDIRECT_URL)
