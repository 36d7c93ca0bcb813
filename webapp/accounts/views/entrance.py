"""What people see who are not in yet: an invitation's page, sign-up, a forgotten password."""

import smtplib
from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from webapp.accounts import invitations, services
from webapp.accounts.access import me, switch_team
from webapp.accounts.forms import SignupForm, TeamForm
from webapp.accounts.models import Invitation, digest


@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation's page. Opening it changes nothing but the session, so that link previews use no link up."""
    invitation = Invitation.open_for(token)
    if invitation is None:
        return gone(request, token)
    invitations.hold(request, token)
    if request.user.is_authenticated:
        return join_as_yourself(request, invitation)
    if invitation.team is None:
        return redirect("account_signup")
    return render(request, "accounts/join.html", {"invitation": invitation})


def gone(request: HttpRequest, token: str) -> HttpResponse:
    """410 for a link that was good once, 404 for one that we do not know (or that was withdrawn)."""
    known = Invitation.objects.filter(token_digest=digest(token)).first()
    used = bool(known and known.accepted_at)
    context = {"used": used, "lapsed": known and not used}
    return render(request, "accounts/invitation_gone.html", context, status=410 if known else 404)


def join_as_yourself(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """One button for who is signed in; with the first-run link also the name of the team to make."""
    form_class = Form if invitation.team else TeamForm
    form = form_class(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return accept(request, invitation, form.cleaned_data.get("team_name", ""))
    return render(request, "accounts/join.html", {"invitation": invitation, "form": form})


def accept(request: HttpRequest, invitation: Invitation, team_name: str) -> HttpResponse:
    invitations.release(request)
    try:
        membership = services.accept_invitation(invitation=invitation, user=me(request), team_name=team_name)
    except services.InvitationGone:
        return render(request, "accounts/invitation_gone.html", {"used": True}, status=410)
    except ValidationError as refusal:
        messages.error(request, refusal.message)
        return redirect(request.path)
    switch_team(request, membership.team)
    return redirect(settings.LOGIN_REDIRECT_URL)


class LoginView(allauth_views.LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"invitation": invitations.held(self.request)}


class SignupView(allauth_views.SignupView):
    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"invitation": invitations.held(self.request)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"invitation": invitations.held(self.request)}

    def form_valid(self, form: SignupForm) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except services.InvitationGone:
            return self.closed()
        except IntegrityError:  # the same address signed up in the same moment
            form.add_error("email", _("There is an account with this e-mail already. Sign in with it to join."))
            return self.form_invalid(form)
        invitations.release(self.request)
        switch_team(self.request, form.membership.team)
        return response

    def closed(self) -> HttpResponse:
        return render(self.request, self.template_name_signup_closed, status=403)


class PasswordResetView(allauth_views.PasswordResetView):
    """Mails a link, or where this install sends no mail says who can make one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"sends_mail": bool(settings.EMAIL_HOST)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post if settings.EMAIL_HOST else self.get
        return answer(request, *args, **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            return super().form_valid(form)
        except (smtplib.SMTPException, OSError):
            form.add_error(None, _("The mail could not be sent. Try again later, or ask an admin of your team."))
            return self.form_invalid(form)
