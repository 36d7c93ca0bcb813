"""A team's people: who they are, what they may do, and who is invited."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from webapp.accounts import services
from webapp.accounts.access import invitation_for, me, member_for, membership_for, resettable
from webapp.accounts.decorators import in_team
from webapp.accounts.forms import InviteForm, RoleForm, TeamForm, roles_under
from webapp.accounts.models import Invitation, Membership, Role

MEMBERS_A_PAGE = 25


@require_safe
@in_team()
def team(request: HttpRequest, membership: Membership) -> HttpResponse:
    return team_page(request, membership)


def team_page(request: HttpRequest, own: Membership, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Everybody sees the members; admins also what changes them. `extra`: a form with errors, a link just made."""
    query = request.GET.get("q", "").strip()
    page = Paginator(members_of(own, query), MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    pages = page.paginator.get_elided_page_range(page.number)
    context = {"own": own, "page": page, "pages": pages, "query": query}
    if own.is_admin:
        context |= reach(own, page) | invited(own)
        context |= {"team_form": TeamForm({"team_name": own.team.name}), "invite_form": InviteForm(by=own)}
    return render(request, "accounts/team.html", context | extra, status=status)


def members_of(own: Membership, query: str) -> QuerySet[Membership]:
    members = Membership.objects.filter(team=own.team_id).select_related("user")
    if query:
        members = members.filter(Q(user__name__icontains=query) | Q(user__email__icontains=query))
    return members.order_by(Lower("user__name"), "user__email")


def reach(own: Membership, members: Iterable[Membership]) -> dict[str, Any]:
    """Which of these members an admin may do what to."""
    manageable = {member.pk for member in members if own.may(Role(member.role))}
    return {"roles": roles_under(own), "manageable": manageable, "resettable": resettable(own, members)}


def invited(own: Membership) -> dict[str, Any]:
    waiting = Invitation.waiting().filter(team=own.team_id).select_related("created_by").order_by("-created_at")
    return {"invitations": waiting, "revocable": {i.pk for i in waiting if own.may(Role(i.role))}}


@login_required
@require_POST
def rename(request: HttpRequest, team_id: int) -> HttpResponse:
    own = membership_for(me(request), team_id, at_least=Role.ADMIN)
    form = TeamForm(request.POST)
    if not form.is_valid():
        return team_page(request, own, status=422, team_form=form)
    services.rename_team(by=own, name=form.cleaned_data["team_name"])
    messages.success(request, _("The team is renamed."))
    return redirect("accounts:team")


@never_cache
@login_required
@require_POST
def invite(request: HttpRequest, team_id: int) -> HttpResponse:
    own = membership_for(me(request), team_id, at_least=Role.ADMIN)
    form = InviteForm(request.POST, by=own)
    if not form.is_valid():
        return team_page(request, own, status=422, invite_form=form)
    role, email = Role(form.cleaned_data["role"]), form.cleaned_data["email"]
    try:
        invitation, link = services.invite(by=own, role=role, email=email)
    except ValidationError as refusal:
        form.add_error("email", refusal)
        return team_page(request, own, status=422, invite_form=form)
    return team_page(request, own, invitation=invitation, invitation_link=link)


@login_required
@require_POST
def revoke_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    own, invitation = invitation_for(me(request), invitation_id, at_least=Role.ADMIN)
    services.revoke_invitation(by=own, invitation=invitation)
    messages.success(request, _("The invitation is withdrawn; its link opens nothing any more."))
    return redirect("accounts:team")


@login_required
@require_POST
def change_role(request: HttpRequest, member_id: int) -> HttpResponse:
    own, member = member_for(me(request), member_id, at_least=Role.ADMIN)
    form = RoleForm(request.POST, by=own)
    if not form.is_valid():
        raise PermissionDenied  # the page offers only roles that one may give
    try:
        services.change_role(by=own, member=member, role=Role(form.cleaned_data["role"]))
    except ValidationError as refusal:
        return answer(request, own, member, str(refusal.message), "error")
    said = {"person": member.user, "role": member.get_role_display()}
    return answer(request, own, member, _("%(person)s is now: %(role)s.") % said)


@login_required
@require_POST
def remove_member(request: HttpRequest, member_id: int) -> HttpResponse:
    own, member = member_for(me(request), member_id, at_least=Role.ADMIN)
    try:
        services.remove_member(by=own, member=member)
    except ValidationError as refusal:
        return answer(request, own, member, str(refusal.message), "error")
    return answer(request, own, member, _("%(person)s is not in the team any more.") % {"person": member.user})


def answer(
    request: HttpRequest, own: Membership, member: Membership, sentence: str, level: str = "success"
) -> HttpResponse:
    """Says what came of it: to htmx with the member's row as it is now (none when removed), else on the team's page."""
    if not request.headers.get("HX-Request"):
        messages.add_message(request, getattr(messages, level.upper()), sentence)
        return redirect("accounts:team")
    response = HttpResponse()
    if member.pk:
        response = render(request, "accounts/member.html", {"own": own, "member": member} | reach(own, [member]))
    return trigger_client_event(response, "toast", {"message": sentence, "level": level})


@never_cache
@login_required
@require_POST
def reset_link(request: HttpRequest, member_id: int) -> HttpResponse:
    own, member = member_for(me(request), member_id, at_least=Role.ADMIN)
    link = services.make_reset_link(by=own, member=member)
    return team_page(request, own, reset_member=member, reset_link=link)
