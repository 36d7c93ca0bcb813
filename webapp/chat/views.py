"""The chat pages. Every one works without script; with it, htmx sends the forms and the socket brings what changes."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.chat import access, option_views, pages, services, thread
from webapp.chat.forms import MessageForm
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
        options = option_views.options_of_new(request, membership)
        conversation = services.create_conversation(team=membership.team, author=me(request), options=options)
        services.post_message(conversation=conversation, author=me(request), text=form.cleaned_data["text"])
        return redirect(conversation)
    context = {**_typed(request, form), "page": pages.recent(me(request), membership.team), "may_write": may_write}
    if may_write:  # the page is that of a conversation which is still to begin (chat/beginning.py)
        begins = Conversation(team=membership.team, author=me(request))
        context |= {"conversation": begins, "current": str(begins.pk), "may_manage": True}
    context |= option_views.picker_of_new(request, membership)
    return render(request, "chat/home.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """To where a conversation of a task begins."""
    task = request.POST.get("task", Task.CHAT)
    return redirect(f"{task if task in Task else Task.CHAT}:home")


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    reaching = pages.sought(request)
    view = pages.view_for(me(request), conversation_id, reaching)
    if view.conversation.task != Task.CHAT:
        return redirect(view.conversation)
    return _conversation_page(request, view, elsewhere=pages.elsewhere(view, reaching))


def _conversation_page(request: HttpRequest, view: pages.View, status: int = 200, **more: Any) -> HttpResponse:
    switch_team(request, view.conversation.team)
    context = {
        **view.context(),
        "page": pages.recent(me(request), view.conversation.team),
        "current": str(view.conversation.pk),
        "active": any(message.active for message in view.messages),
        **option_views.picker_in(view.conversation),
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
    return back_to(conversation)


@login_required
@require_GET
def older(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """The messages up to one that is not on the page yet."""
    last = access.message_for(me(request), conversation_id, message_id)
    found = thread.messages_up_to(last.pk, viewer=me(request))
    thread.mark_first_read(last.conversation, found)
    view = pages.View(last.conversation, found, me(request))
    return render(request, "chat/messages.html", view.context())


@login_required
@require_POST
def stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="write")
    services.stop(conversation=conversation)
    return done(request, conversation)


@login_required
@require_GET
def shortcuts(request: HttpRequest) -> HttpResponse:
    """The help sheet of the keyboard: a dialog for htmx, otherwise a page."""
    name = "shortcuts_dialog" if request.headers.get("HX-Request") else "shortcuts"
    return render(request, f"chat/{name}.html")


def _typed(request: HttpRequest, form: MessageForm) -> dict[str, Any]:
    """What the composer says and keeps when a message cannot be taken."""
    return {"form": form, "typed": request.POST.get("text", "")}


def done(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """With htmx the socket brings the change; without, the page is loaded again."""
    return HttpResponse(status=204) if request.headers.get("HX-Request") else back_to(conversation)


def back_to(conversation: Conversation) -> HttpResponse:
    return redirect(conversation)
