"""Where django-allauth asks this product: who may sign up, what its refusals say, what signing in does."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from webapp.accounts import invitations, links, services
from webapp.accounts.access import switch_team
from webapp.accounts.models import Invitation, User


class Adapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _("Too many failed attempts. Wait five minutes, then try again."),
        "email_password_mismatch": _("That e-mail and password do not go together. Check both and try again."),
        "email_taken": _("There is an account with this e-mail already. Sign in with it to join."),
        "enter_current_password": _("That is not your current password. Type it again."),
        "invalid_password_reset": _("This link does not work any more. Ask for a new one."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return invitations.held(request) is not None

    def post_login(self, request: HttpRequest, user: User, *, signup: bool, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, signup=signup, **kwargs)
        invitation = invitations.held(request)
        if signup or invitation is None:
            return response
        if invitation.team is None:  # who takes it must name the team first
            return redirect("accounts:join", request.session[invitations.SESSION_KEY])
        join_signed_in(request, user, invitation)
        return response

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return links.absolute(path.replace("UID-KEY", key))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """allauth counts per Host header too, which would give a guesser five attempts for each of our names."""
        return str(credentials.get("email", "")).strip().lower()


def join_signed_in(request: HttpRequest, user: User, invitation: Invitation) -> None:
    """Signing in with an invitation in hand takes it; the page that they land on says what came of it."""
    invitations.release(request)
    try:
        membership = services.accept_invitation(invitation=invitation, user=user)
    except services.InvitationGone:
        messages.error(request, gettext("That invitation is not open any more. Ask for a new one."))
    except ValidationError as refusal:
        messages.error(request, refusal.message)
    else:
        switch_team(request, membership.team)
        messages.success(request, gettext("You are now in %(team)s.") % {"team": membership.team})
