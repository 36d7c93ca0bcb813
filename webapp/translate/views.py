"""The pages that translate. Without script they are a form with a button; with it, the socket does everything."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me, switch_team
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.chat import access, actions, option_views, pages
from webapp.chat.models import Message, Task
from webapp.chat.models import Role as Author
from webapp.generation import choices
from webapp.lib import languages
from webapp.translate import reading, services
from webapp.translate.forms import LONGEST_TEXT, ThumbForm, TranslationForm
from webapp.translate.reading import Reading


@require_http_methods(["GET", "POST"])
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The empty panes; the first text makes the conversation."""
    may_write = membership.may(Role.MEMBER)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    form = TranslationForm(request.POST or None)
    if form.is_valid():
        return redirect(services.start(team=membership.team, author=me(request), asked=form.asked()))
    typed = {
        "text": request.POST.get("text", ""),
        "source": request.POST.get("source", ""),
        "target": request.POST.get("target") or _usual_target(membership),
        "label": _("Detect language"),
        "team": membership.team_id,
        "may_write": may_write,
        **option_views.picker_of_new(request, membership),
    }
    return _page(request, membership, form, typed)


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    found = reading.reading_for(me(request), conversation_id)
    switch_team(request, found.conversation.team)
    return _conversation_page(request, found, TranslationForm())


@login_required
@require_POST
def post(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Another text, or other languages, by plain form; also what was stopped or failed, once more."""
    found = access.conversation_for(me(request), conversation_id, to="write", task=Task.TRANSLATE)
    form = TranslationForm(request.POST)
    if not form.is_valid():
        return _conversation_page(request, reading.reading_for(me(request), conversation_id), form)
    services.translate(conversation=found, author=me(request), asked=form.asked())
    return redirect(found)


def _conversation_page(request: HttpRequest, found: Reading, form: TranslationForm) -> HttpResponse:
    shown: dict[str, Any] = {
        **found.page(),
        "team": found.conversation.team_id,
        "reading": found,
        "conversation": found.conversation,
        "current": str(found.conversation.pk),
        "may_manage": "manage" in found.conversation.rights,
        **_foot(request, found),
        **option_views.picker_in(found.conversation),
    }
    if form.is_bound:
        shown |= {"text": request.POST.get("text", ""), "source": request.POST.get("source", "")}
    membership = me(request).memberships.get(team=found.conversation.team)
    return _page(request, membership, form, shown)


@login_required
@require_POST
def thumb(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Whether the translation as a whole is good; single sentences are corrected over the socket."""
    conversation = access.conversation_for(me(request), conversation_id, to="write", task=Task.TRANSLATE)
    found, form = reading.read(conversation), ThumbForm(request.POST)
    if found.reply is None or not form.is_valid():
        return HttpResponse(status=404)
    actions.give_feedback(reply=found.reply, author=me(request), thumb=form.cleaned_data["thumb"])
    if not request.headers.get("HX-Request"):
        return redirect(conversation)
    return render(request, "translate/foot.html", _foot(request, found))


def _foot(request: HttpRequest, found: Reading) -> dict[str, Any]:
    """What translate/foot.html needs."""
    reply = found.reply
    return {
        "conversation": found.conversation,
        "reply": reply,
        "thumb": actions.feedback_of(reply, me(request)).thumb if reply else 0,
        "may_write": "write" in found.conversation.rights,
    }


def _page(request: HttpRequest, membership: Membership, form: TranslationForm, shown: dict[str, Any]) -> HttpResponse:
    sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
    context = {
        "page": pages.recent(me(request), membership.team, task=Task.TRANSLATE),
        "task": Task.TRANSLATE,
        "first": [(code, languages.name(code)) for code in languages.FIRST],
        "others": sorted(((code, languages.name(code)) for code in languages.OTHERS), key=lambda pair: pair[1]),
        "longest": LONGEST_TEXT,
        "longest_shown": f"{LONGEST_TEXT:,}",
        "demonstration": choices.is_builtin(),
        "error": sentences[0] if sentences else "",
    }
    return render(request, "translate/home.html", context | shown, status=422 if sentences else 200)


def _usual_target(membership: Membership) -> str:
    """What this person translated into last; at first the language of the two most wanted that the page is not in."""
    asked = Message.objects.filter(conversation__task=Task.TRANSLATE, conversation__team=membership.team_id)
    last = asked.filter(author=membership.user_id, role=Author.USER).order_by("-pk").first()
    known = last.details.get("target") if last else None
    return known or ("en" if str(get_language()).startswith("zh") else "zh-Hans")
