"""A person's own page: whether their team's models may learn from what they corrected."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.access import me, membership_for, memberships_of
from webapp.datasets import consent


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    mine = [(membership, consent.agrees(membership)) for membership in memberships_of(me(request))]
    return render(request, "datasets/consent.html", {"mine": mine})


@login_required
@require_POST
def say(request: HttpRequest, team_id: int) -> HttpResponse:
    membership = membership_for(me(request), team_id)
    if request.POST.get("agree") == "1":
        consent.agree(membership)
        said = _("Thank you. The models of %(team)s may learn from your corrections.")
    else:
        consent.withdraw(membership)
        said = _("Withdrawn. Your corrections are out of the datasets of %(team)s.")
    messages.success(request, said % {"team": membership.team})
    return redirect("datasets:consent")
