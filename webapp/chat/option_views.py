"""Which model answers and how it is asked: in one conversation, and in the next ones that a person begins.

With htmx the form comes in a dialog and the list of models changes at once; without, it is a page of its own.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role, User
from webapp.chat import access
from webapp.chat import option_services as services
from webapp.chat.forms import first_error
from webapp.chat.models import Conversation, Task
from webapp.chat.option_forms import OptionsForm
from webapp.chat.options import SAMPLING, Picker, model_in, picker_for, preference, value_of


@login_required
@require_http_methods(["GET", "POST"])
def options(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Who may write here changes them; who may read sees them."""
    to = "write" if request.method == "POST" else "read"
    conversation = access.conversation_for(me(request), conversation_id, to=to)
    switch_team(request, conversation.team)
    picker = picker_for(conversation.team_id, conversation.options)
    if request.method == "GET" and _for_picker(request):
        return _picker(request, picker, request.path)
    form = form_for(request, picker, conversation.options)
    if form.is_valid():
        services.choose(conversation=conversation, user=me(request), options=form.options)
        picker = picker_for(conversation.team_id, form.options)
        return _saved(request, picker, reverse("chat:options", args=[conversation.pk]), conversation.get_absolute_url())
    may_write = "write" in conversation.rights
    return _form_page(request, form, conversation=conversation, may_write=may_write)


@require_http_methods(["GET", "POST"])
@in_team(Role.MEMBER)
def preferences(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The same for the conversations of a task that this person begins from now on."""
    task = request.GET.get("task", Task.CHAT)
    if task not in Task:
        raise Http404
    kept = preference(me(request), membership.team, task)
    picker = picker_for(membership.team_id, kept)
    form = form_for(request, picker, kept)
    if form.is_valid():
        services.prefer(user=me(request), team=membership.team, options=form.options, task=task)
        picker = picker_for(membership.team_id, form.options)
        return _saved(request, picker, request.get_full_path(), reverse(f"{task}:home"))
    return _form_page(request, form, may_write=True, task=task)


def picker_in(conversation: Conversation) -> dict[str, Any]:
    """What a page's composer needs to offer the models in a conversation."""
    url = reverse("chat:options", args=[conversation.pk])
    return {"picker": picker_for(conversation.team_id, conversation.options), "options_url": url}


def picker_of_new(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    """The same where the conversation is still to begin."""
    if not membership.may(Role.MEMBER):
        return {}
    task = _task(request)
    kept = preference(me(request), membership.team, task)
    url = f"{reverse('chat:preferences')}?task={task}"
    return {"picker": picker_for(membership.team_id, kept), "options_url": url}


def options_of_new(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    """With what a conversation begins: that person's last choice, and the model that the composer's form names."""
    return options_asked(me(request), membership, _task(request), request.POST.get("model", ""))


def options_asked(user: User, membership: Membership, task: str, model: str) -> dict[str, Any]:
    """The same for a page that says its model otherwise."""
    kept = preference(user, membership.team, task)
    if model in ("", value_of(kept)):
        return kept
    form = OptionsForm({"model": model}, picker=picker_for(membership.team_id, kept), options=kept)
    if form.is_valid():
        services.prefer(user=user, team=membership.team, options=form.options, task=task)
    return form.options


def _task(request: HttpRequest) -> str:
    """Of the room that the page belongs to."""
    return request.resolver_match.namespace if request.resolver_match else Task.CHAT


def form_for(request: HttpRequest, picker: Picker, options: dict[str, Any]) -> OptionsForm:
    if request.method == "POST" and "defaults" in request.POST:
        return OptionsForm({}, picker=picker, options=model_in(options))
    return OptionsForm(request.POST if request.method == "POST" else None, picker=picker, options=options)


def _saved(request: HttpRequest, picker: Picker, url: str, back: str) -> HttpResponse:
    """With htmx the picker, drawn anew, for the list of models; nothing for the dialog, which closes itself."""
    if not request.headers.get("HX-Request"):
        messages.success(request, _told(request, picker))
        return redirect(back)
    if _for_picker(request):
        return _picker(request, picker, url)
    return _toast(HttpResponse(status=204), _("The options are saved."), "success")


def _told(request: HttpRequest, picker: Picker) -> str:
    if request.POST.keys() & {"defaults", "system", *SAMPLING}:
        return _("The options are saved.")
    return _("%(model)s answers now.") % {"model": picker.chosen.label}


def _for_picker(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "picker"


def _picker(request: HttpRequest, picker: Picker, url: str) -> HttpResponse:
    return render(request, "chat/picker.html", {"picker": picker, "options_url": url})


def _toast(response: HttpResponse, message: str, level: str) -> HttpResponse:
    return trigger_client_event(response, "toast", {"message": message, "level": level})


def _form_page(request: HttpRequest, form: OptionsForm, **context: Any) -> HttpResponse:
    if _for_picker(request):  # the model that was picked has gone meanwhile
        return _toast(_picker(request, form.picker, request.get_full_path()), first_error(form), "error")
    if not context["may_write"]:
        for field in form.fields.values():
            field.disabled = True
    template = "chat/options.html"
    if request.headers.get("HX-Request"):
        template = "chat/options_dialog.html" if request.method == "GET" else "chat/options_form.html"
    values = {"form": form, "picker": form.picker, "action": request.get_full_path(), **context}
    return render(request, template, values, status=422 if form.errors else 200)
