"""What every template may ask about the person and the team; a page that does not ask costs no query."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from webapp.accounts.access import current_membership, memberships_on


def team(request: HttpRequest) -> dict[str, Any]:
    """membership (falsy without a team; `.is_admin` and `.is_owner` are its flags), memberships, theme."""
    return {
        "membership": SimpleLazyObject(lambda: current_membership(request)),
        "memberships": SimpleLazyObject(lambda: memberships_on(request)),
        "theme": SimpleLazyObject(lambda: getattr(getattr(request, "user", None), "theme", "")),
    }
