"""The invitation that a visitor holds: its token stays in the session from the link until it is taken."""

from django.http import HttpRequest

from webapp.accounts.models import Invitation

SESSION_KEY = "invitation"


def hold(request: HttpRequest, token: str) -> None:
    request.session[SESSION_KEY] = token


def held(request: HttpRequest) -> Invitation | None:
    """The invitation, as long as it is open."""
    token = request.session.get(SESSION_KEY)
    return Invitation.open_for(token) if token else None


def release(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)
