"""The chat pages. Every one works without script; with it, htmx sends the forms and the socket brings what changes."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import current_membership, switch_team
from webapp.accounts.models import Role, User
from webapp.chat import access, pages, services, thread
from webapp.chat.forms import MessageForm, RenameForm, first_error
from webapp.chat.models import Conversation


@login_required
@require_http_methods(["GET", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """The empty chat; its first message makes the conversation."""
    user, membership = _person(request), current_membership(request)
    form = MessageForm(request.POST or None)
    if request.method == "POST" and membership and membership.may(Role.MEMBER) and form.is_valid():
        conversation = services.create_conversation(team=membership.team, author=user)
        services.post_message(conversation=conversation, author=user, text=form.cleaned_data["text"])
        return redirect("chat:conversation", conversation.pk)
    context = {
        "form": form,
        "typed": request.POST.get("text", ""),
        "page": pages.recent(user, membership.team) if membership else None,
        "may_write": bool(membership and membership.may(Role.MEMBER)),
    }
    return render(request, "chat/home.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    return redirect("chat:home")


@login_required
@require_GET
def conversations(request: HttpRequest) -> HttpResponse:
    """Further rows of the list, loaded as one scrolls down."""
    membership = current_membership(request)
    page = pages.recent(_person(request), membership.team, request.GET.get("page", "1")) if membership else None
    return render(request, "chat/list.html", {"page": page, "current": request.GET.get("current", "")})


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    user = _person(request)
    view = pages.view_for(user, conversation_id)
    switch_team(request, view.conversation.team)
    context = {
        **view.context(),
        "page": pages.recent(user, view.conversation.team),
        "current": str(conversation_id),
        "active": any(message.active for message in view.messages),
    }
    return render(request, "chat/conversation.html", context)


@login_required
@require_POST
def post(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A message by plain form: what the composer does where there is no socket."""
    user = _person(request)
    conversation = access.conversation_for(user, conversation_id, to="write")
    form = MessageForm(request.POST)
    if form.is_valid():
        services.post_message(conversation=conversation, author=user, **form.cleaned_data)
    else:
        messages.error(request, first_error(form))
    return redirect("chat:conversation", conversation_id)


@login_required
@require_GET
def older(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """The messages up to one that is not on the page yet."""
    user = _person(request)
    last = access.message_for(user, conversation_id, message_id)
    found = thread.messages_up_to(last.pk)
    view = pages.View(last.conversation, found, access.rights_for(user, last.conversation))
    return render(request, "chat/messages.html", view.context())


@login_required
@require_POST
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(_person(request), conversation_id, to="manage")
    form = RenameForm(request.POST)
    if form.is_valid():
        services.rename(conversation=conversation, title=form.cleaned_data["title"])
    else:
        messages.error(request, first_error(form))
    return _back_to(conversation)


@login_required
@require_POST
def share(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(_person(request), conversation_id, to="manage")
    services.share(conversation=conversation, shared=request.POST.get("shared") == "1")
    return _back_to(conversation)


@login_required
@require_POST
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(_person(request), conversation_id, to="manage")
    services.delete(conversation=conversation)
    messages.success(request, _("The conversation was deleted."))
    return redirect("chat:home")


@login_required
@require_POST
def stop(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(_person(request), conversation_id, to="write")
    services.stop(conversation=conversation)
    return _done(request, conversation)


@login_required
@require_POST
def regenerate(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    reply = access.message_for(_person(request), conversation_id, message_id, to="write")
    if reply.generation is None:
        return HttpResponse(status=404)
    try:
        services.regenerate(reply=reply)
    except services.Busy:
        messages.error(request, _("A reply is being written. Stop it, or wait until it has ended."))
        return redirect("chat:conversation", conversation_id)
    return _done(request, reply.conversation)


@login_required
@require_POST
def show(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Another answer in the place of the one that is shown, for everybody who looks on."""
    message = access.message_for(_person(request), conversation_id, message_id, to="write")
    services.show_branch(message=message)
    return _done(request, message.conversation)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _done(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """With htmx the socket brings the change; without, the page is loaded again."""
    return HttpResponse(status=204) if request.headers.get("HX-Request") else _back_to(conversation)


def _back_to(conversation: Conversation) -> HttpResponse:
    return redirect("chat:conversation", conversation.pk)
