"""Views that need a team to work in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from webapp.accounts.access import current_membership
from webapp.accounts.models import Membership, Role

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
TeamView = Callable[Concatenate[HttpRequest, Membership, P], HttpResponse]


def in_team(at_least: Role = Role.VIEWER) -> Callable[[TeamView[P]], View[P]]:
    """Calls view(request, membership, …) with the membership in which the signed-in person works now.

    Sends strangers to sign in, and people without a team to the page that says so. Raises PermissionDenied where the
    role is too low.
    """

    def decorate(view: TeamView[P]) -> View[P]:
        @login_required
        @wraps(view)
        def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            membership = current_membership(request)
            if membership is None:
                return redirect("accounts:no-team")
            if not membership.may(at_least):
                raise PermissionDenied
            return view(request, membership, *args, **kwargs)

        return wrapped

    return decorate
