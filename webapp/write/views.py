"""The write pages. Every one works without script; with it, htmx sends the forms and the socket brings what changes."""

import json
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role, Team
from webapp.chat import access, option_views, pages
from webapp.chat.forms import first_error
from webapp.chat.models import Conversation, Task
from webapp.write import exports, services
from webapp.write.forms import TONES, BriefForm, ChangeForm, EditForm
from webapp.write.pages import Document, document_for
from webapp.write.versions import language_of, version_for, versions_in, versions_page


@require_http_methods(["GET", "POST"])
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """What to write; the answer is a document."""
    may_write = membership.may(Role.MEMBER)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    wished = {name: request.GET[name] for name in ("kind", "topic") if request.GET.get(name)}
    form = BriefForm(request.POST or None, initial={**wished, "client_id": uuid4()})
    if form.is_valid():
        document = services.create_document(
            team=membership.team,
            author=me(request),
            options=option_views.options_of_new(request, membership),
            topic=form.cleaned_data["topic"],
            brief=form.brief(),
            client_id=form.cleaned_data["client_id"],
        )
        return redirect(document)
    context = {**_list(request, membership.team), "form": form, "may_write": may_write}
    context |= option_views.picker_of_new(request, membership)
    return render(request, "write/home.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The document; for who searched, the version in which the words were found, where they are not in this one."""
    document, words = document_for(me(request), conversation_id), request.GET.get("q", "")
    found = versions_in(document.conversation).filter(pk=pages.sought(request) or 0).first()
    if found and words not in document.version.text:
        return redirect("write:version", conversation_id, found.pk)
    return _page(request, "document", document)


@login_required
@require_GET
def versions(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Further rows of the list of versions."""
    document = document_for(me(request), conversation_id)
    page = versions_page(document.conversation, request.GET.get("page", "1"))
    return render(request, "write/versions.html", {**document.context(), "versions": page})


@login_required
@require_GET
def version(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """An earlier version, to look at."""
    document = document_for(me(request), conversation_id)
    found = version_for(me(request), conversation_id, message_id)
    if found.message.pk == document.version.message.pk:
        return redirect(document.conversation)
    return _page(request, "version", document.at(found))


@login_required
@require_POST
def show(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Makes another version the one that everybody sees: undo, redo, go back."""
    found = version_for(me(request), conversation_id, message_id, to="write")
    try:
        services.go_to(version=found.message)
    except services.Busy:
        return _refused(request, found.message.conversation, _busy())
    return _done(request, found.message.conversation)


@login_required
@require_POST
def change(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id, to="write", task=Task.WRITE)
    form = ChangeForm(request.POST)
    typed = request.POST.get("text")
    error = first_error(form) if not form.is_valid() else _change(request, conversation, form)
    if not error:
        return _done(request, conversation)
    if typed is not None:
        return _editor(request, document_for(me(request), conversation_id), typed, error)
    return _refused(request, conversation, error)


def _change(request: HttpRequest, conversation: Conversation, form: ChangeForm) -> str:
    """Asks for the change; the sentence that says why it could not be asked for."""
    try:
        services.change(conversation=conversation, author=me(request), **form.cleaned_data)
    except services.Busy:
        return _busy()
    except services.Changed as changed:
        return _("%(name)s changed the text meanwhile. Look at it, then try again.") % {"name": _who(changed)}
    except services.Empty:
        return _("There is no text yet that could be changed.")
    except ValueError:
        return _("Nothing is selected. Select some words, or change the whole text.")
    return ""


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The text's source. What was typed is kept, whatever comes in between."""
    conversation = access.conversation_for(me(request), conversation_id, to="write", task=Task.WRITE)
    if request.method == "GET":
        document = document_for(me(request), conversation_id)
        if document.version.active:
            return _refused(request, conversation, _busy())
        return _editor(request, document, document.version.text)
    form = EditForm(request.POST)
    error = first_error(form) if not form.is_valid() else _save(request, conversation, form)
    if not error:
        return redirect(conversation)
    return _editor(request, document_for(me(request), conversation_id), request.POST.get("text", ""), error)


def _save(request: HttpRequest, conversation: Conversation, form: EditForm) -> str:
    try:
        services.save_edit(conversation=conversation, author=me(request), **form.cleaned_data)
    except services.Busy:
        return _("The text is being written just now. What you typed is kept here: save it when the writing has ended.")
    except services.Changed as changed:
        return _(
            "%(name)s changed the text meanwhile. What you typed is kept here: save it, and it becomes the newest"
            " version; theirs stays among the versions."
        ) % {"name": _who(changed)}
    return ""


@login_required
@require_GET
def export(request: HttpRequest, conversation_id: UUID, kind: str) -> HttpResponse:
    """The text as a file; ?version= of an earlier version."""
    if kind not in exports.KINDS:
        raise Http404
    chosen = request.GET.get("version", "")
    if chosen.isdecimal():
        found = version_for(me(request), conversation_id, int(chosen))
    else:
        found = document_for(me(request), conversation_id).version
    made = exports.KINDS[kind]
    title, language = str(found.message.conversation), language_of(found.message.conversation)
    response = HttpResponse(made.make(found.text, title, language), content_type=made.content_type)
    response["Content-Disposition"] = content_disposition_header(True, f"{exports.file_name(title)}.{kind}") or ""
    return response


def _editor(request: HttpRequest, document: Document, typed: str, error: str = "") -> HttpResponse:
    more = {"typed": typed, "error": error, "changed": bool(error) and document.version.text != typed}
    return _page(request, "edit", document, 422 if error else 200, **more)


def _page(request: HttpRequest, name: str, document: Document, status: int = 200, **more: Any) -> HttpResponse:
    switch_team(request, document.conversation.team)
    context = {
        **document.context(),
        **_list(request, document.conversation.team),
        "current": str(document.conversation.pk),
        **option_views.picker_in(document.conversation),
        "tones": TONES,
    }
    return render(request, f"write/{name}.html", context | more, status=status)


def _list(request: HttpRequest, team: Team) -> dict[str, Any]:
    return {"page": pages.recent(me(request), team, task=Task.WRITE), "task": Task.WRITE}


def _busy() -> str:
    return _("The text is being written. Stop it, or wait until it has ended.")


def _who(changed: services.Changed) -> str:
    return str(changed.version.request.author or _("Somebody"))


def _refused(request: HttpRequest, conversation: Conversation, sentence: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        toast = json.dumps({"toast": {"message": sentence, "level": "error"}})
        return HttpResponse(status=422, headers={"HX-Trigger": toast})
    messages.error(request, sentence)
    return redirect(conversation)


def _done(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """With htmx the socket brings the change; without, the page is loaded again."""
    return HttpResponse(status=204) if request.headers.get("HX-Request") else redirect(conversation)
