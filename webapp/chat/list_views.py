"""The list of conversations, which every room shows beside its pages: rows, search, and what is done with one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from webapp.accounts.access import me
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership
from webapp.chat import access, keeping, pages, search, services
from webapp.chat.forms import LONGEST_QUERY, RenameForm, first_error
from webapp.chat.models import Conversation, Pin, Task

PLACES = ("row", "head")  # where a menu may stand: part of its elements' ids


@require_GET
@in_team()
def conversations(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The list anew, as far as it was loaded (`pages`), or with `page` further rows of it."""
    task = _task(request)
    number, count = _number(request, "page", 1), _number(request, "pages", 0)
    page = pages.recent(me(request), membership.team, number, task=task, pages=count or 1)
    context = {"page": page, "current": request.GET.get("current", ""), "task": task}
    return render(request, "chat/conversations.html" if count else "chat/list.html", context)


@require_GET
@in_team()
def find(request: HttpRequest, membership: Membership) -> HttpResponse:
    """What the search finds: for htmx the results alone, otherwise a page."""
    task, text = _task(request), request.GET.get("q", "").strip()[:LONGEST_QUERY]
    context: dict[str, Any] = {
        "hits": search.find(me(request), membership.team, text, task=task),
        "query": text,
        "task": task,
    }
    if request.headers.get("HX-Request"):
        return render(request, "chat/results.html", context | {"oob": True})
    context["page"] = pages.recent(me(request), membership.team, task=task)
    return render(request, "chat/search.html", context)


@login_required
@require_GET
def menu(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What this person may do with a conversation: for htmx an open menu, otherwise a page."""
    conversation = access.conversation_for(me(request), conversation_id)
    place = request.GET.get("place", "")
    context = {
        "row": conversation,
        "prefix": place if place in PLACES else PLACES[0],
        "pinned": Pin.objects.filter(user=me(request), conversation=conversation).exists(),
        "may_manage": "manage" in conversation.rights,
        "next": _page_around(request, conversation),
    }
    if request.headers.get("HX-Request"):
        return render(request, "chat/menu_open.html", context)
    context |= {"page": pages.recent(me(request), conversation.team, task=Task(conversation.task))}
    return render(request, "chat/actions.html", context | {"task": conversation.task, "current": str(conversation.pk)})


@login_required
@require_POST
def pin(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id)
    keeping.pin(user=me(request), conversation=conversation, pinned=request.POST.get("pinned") == "1")
    return _back(request, conversation)


@login_required
@require_POST
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    form = RenameForm(request.POST)
    if form.is_valid():
        services.rename(conversation=conversation, title=form.cleaned_data["title"])
    else:
        messages.error(request, first_error(form))
    return _back(request, conversation)


@login_required
@require_POST
def share(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    shared = request.POST.get("shared") == "1"
    services.share(conversation=conversation, shared=shared)
    if shared or conversation.author_id == me(request).pk:
        return _back(request, conversation)
    return _away(request, conversation)


@login_required
@require_POST
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Hidden from now on; the page that comes next offers to undo it."""
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    keeping.delete(conversation=conversation)
    undo = reverse("chat:restore", args=[conversation.pk])
    messages.success(request, _("“%(title)s” was deleted.") % {"title": conversation}, extra_tags=undo)
    return _away(request, conversation)


@login_required
@require_POST
def restore(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage", deleted=True)
    keeping.restore(conversation=conversation)
    return redirect(conversation)


def _task(request: HttpRequest) -> Task:
    task = request.GET.get("task", Task.CHAT)
    if task not in Task:
        raise Http404
    return Task(task)


def _number(request: HttpRequest, name: str, least: int) -> int:
    text = request.GET.get(name, "")
    return max(least, int(text)) if len(text) <= 6 and text.isascii() and text.isdigit() else least


def _page_around(request: HttpRequest, conversation: Conversation) -> str:
    """The page in which a menu opened, to come back to; "" where that is the conversation's own."""
    around = HtmxDetails(request).current_url_abs_path or ""
    return "" if around.startswith(conversation.get_absolute_url()) else around


def _next(request: HttpRequest) -> str:
    page = request.POST.get("next", "")
    return page if page and url_has_allowed_host_and_scheme(page, allowed_hosts=None) else ""


def _back(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    return redirect(_next(request) or conversation)


def _away(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """From a conversation that this person sees no more."""
    return redirect(_next(request) or f"{conversation.task}:home")
