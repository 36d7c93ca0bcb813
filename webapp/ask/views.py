"""The ask pages. Both work without script; with it a file's text comes into the box, and the socket brings answers."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.ask import services
from webapp.ask.forms import LONGEST_PASSAGE, AskForm, FileForm
from webapp.ask.passages import index_of, last_support, pieces
from webapp.chat import access, option_views, pages
from webapp.chat.forms import first_error
from webapp.chat.models import Task


@require_http_methods(["GET", "POST"])
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """A passage and a question; they make the conversation."""
    may_write = membership.may(Role.MEMBER)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    form = AskForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        return redirect(_ask(request, membership, form.cleaned_data))
    context = {
        "task": Task.ASK,
        "page": pages.recent(me(request), membership.team, task=Task.ASK),
        "form": form,
        "client_id": uuid4(),
        "may_write": may_write,
        "longest": f"{LONGEST_PASSAGE:,}",
        **option_views.picker_of_new(request, membership),
    }
    return render(request, "ask/home.html", context, status=422 if form.errors else 200)


def _ask(request: HttpRequest, membership: Membership, asked: dict[str, Any]) -> Any:
    return services.ask(
        team=membership.team,
        author=me(request),
        passage=asked["passage"],
        question=asked["text"],
        name=asked["name"],
        client_id=asked["client_id"],
        options=option_views.options_of_new(request, membership),
    )


@require_POST
@in_team(Role.MEMBER)
def file(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The text of a file, for the box: {"text", "name"}, or {"error": sentence}."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"error": first_error(form)}, status=422)
    return JsonResponse({"text": form.cleaned_data["file"], "name": str(form.files["file"])})


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    access.conversation_for(me(request), conversation_id, task=Task.ASK)
    reaching = pages.sought(request)
    view = pages.view_for(me(request), conversation_id, reaching)
    switch_team(request, view.conversation.team)
    context = {
        **view.context(),
        "task": Task.ASK,
        "page": pages.recent(me(request), view.conversation.team, task=Task.ASK),
        "current": str(view.conversation.pk),
        "active": any(message.active for message in view.messages),
        "elsewhere": pages.elsewhere(view, reaching),
        "passage": getattr(view.conversation, "passage", None),
        "pieces": pieces(index_of(conversation_id), last_support(view.messages).sentences),
        **option_views.picker_in(view.conversation),
    }
    return render(request, "ask/conversation.html", context)
