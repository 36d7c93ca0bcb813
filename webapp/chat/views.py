"""The chat pages. Every one works without script; with it, htmx sends the forms and the socket brings what changes."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.chat import access, pages, services, thread
from webapp.chat.forms import MessageForm, RenameForm, first_error
from webapp.chat.models import Conversation, Task


@require_http_methods(["GET", "POST"])
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The empty chat; its first message makes the conversation."""
    may_write = membership.may(Role.MEMBER)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    form = MessageForm(request.POST or None)
    if form.is_valid():
        conversation = services.create_conversation(team=membership.team, author=me(request))
        services.post_message(conversation=conversation, author=me(request), text=form.cleaned_data["text"])
        return redirect(conversation)
    context = {**_typed(request, form), "page": pages.recent(me(request), membership.team), "may_write": may_write}
    return render(request, "chat/home.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    return redirect("chat:home")


@require_GET
@in_team()
def conversations(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Further rows of the list, loaded as one scrolls down."""
    task = request.GET.get("task", Task.CHAT)
    if task not in Task:
        raise Http404
    page = pages.recent(me(request), membership.team, request.GET.get("page", "1"), task=Task(task))
    return render(request, "chat/list.html", {"page": page, "current": request.GET.get("current", ""), "task": task})


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    view = pages.view_for(me(request), conversation_id)
    if view.conversation.task != Task.CHAT:
        return redirect(view.conversation)
    return _conversation_page(request, view)


def _conversation_page(request: HttpRequest, view: pages.View, status: int = 200, **more: Any) -> HttpResponse:
    switch_team(request, view.conversation.team)
    context = {
        **view.context(),
        "page": pages.recent(me(request), view.conversation.team),
        "current": str(view.conversation.pk),
        "active": any(message.active for message in view.messages),
    }
    return render(request, "chat/conversation.html", context | more, status=status)


@login_required
@require_POST
def post(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A message by plain form: what the composer does where there is no socket."""
    conversation = access.conversation_for(me(request), conversation_id, to="write")
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _conversation_page(request, pages.view_for(me(request), conversation_id), 422, **_typed(request, form))
    services.post_message(conversation=conversation, author=me(request), **form.cleaned_data)
    return _back_to(conversation)


@login_required
@require_GET
def older(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """The messages up to one that is not on the page yet."""
    last = access.message_for(me(request), conversation_id, message_id)
    found = thread.messages_up_to(last.pk)
    view = pages.View(last.conversation, found)
    return render(request, "chat/messages.html", view.context())


@login_required
@require_POST
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    form = RenameForm(request.POST)
    if form.is_valid():
        services.rename(conversation=conversation, title=form.cleaned_data["title"])
    else:
        messages.error(request, first_error(form))
    return _back_to(conversation)


@login_required
@require_POST
def share(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    shared = request.POST.get("shared") == "1"
    services.share(conversation=conversation, shared=shared)
    still_seen = shared or conversation.author_id == me(request).pk
    return _back_to(conversation) if still_seen else redirect("chat:home")


@login_required
@require_POST
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="manage")
    services.delete(conversation=conversation)
    messages.success(request, _("The conversation was deleted."))
    return redirect("chat:home")


@login_required
@require_POST
def stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="write")
    services.stop(conversation=conversation)
    return _done(request, conversation)


@login_required
@require_POST
def regenerate(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    reply = access.message_for(me(request), conversation_id, message_id, to="write")
    if reply.generation is None:
        return HttpResponse(status=404)
    try:
        services.regenerate(reply=reply)
    except services.Busy:
        messages.error(request, _("A reply is being written. Stop it, or wait until it has ended."))
        return _back_to(reply.conversation)
    return _done(request, reply.conversation)


@login_required
@require_POST
def show(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Another answer in the place of the one that is shown, for everybody who looks on."""
    message = access.message_for(me(request), conversation_id, message_id, to="write")
    services.show_branch(message=message)
    return _done(request, message.conversation)


def _typed(request: HttpRequest, form: MessageForm) -> dict[str, Any]:
    """What the composer says and keeps when a message cannot be taken."""
    return {"form": form, "typed": request.POST.get("text", "")}


def _done(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """With htmx the socket brings the change; without, the page is loaded again."""
    return HttpResponse(status=204) if request.headers.get("HX-Request") else _back_to(conversation)


def _back_to(conversation: Conversation) -> HttpResponse:
    return redirect(conversation)
