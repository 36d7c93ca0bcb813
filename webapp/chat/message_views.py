"""What the buttons of one message ask for. Every view works without script; with it the socket brings the change."""

import json
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import me
from webapp.chat import access, actions, services
from webapp.chat.forms import FeedbackForm, MessageForm, first_error
from webapp.chat.models import Conversation, Message, Role
from webapp.chat.views import back_to, done

BUSY = gettext_lazy("A reply is being written. Stop it, or wait until it has ended.")
GONE = gettext_lazy("This message was deleted meanwhile.")


@login_required
@require_POST
def regenerate(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Another reply; for a question whose reply was deleted, a new one."""
    reply = access.message_for(me(request), conversation_id, message_id, to="write")
    try:
        services.regenerate(reply=reply)
    except services.Busy:
        return refused(request, reply.conversation, str(BUSY))
    return done(request, reply.conversation)


@login_required
@require_POST
def show(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Another answer (or wording) in the place of the one that is shown, for everybody who looks on."""
    message = access.message_for(me(request), conversation_id, message_id, to="write")
    services.show_branch(message=message)
    return done(request, message.conversation)


@login_required
@require_POST
def edit(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Another wording of a question. What is wrong comes back as {"error": sentence}; the editor keeps the text."""
    message = access.message_for(me(request), conversation_id, message_id, to="write")
    if message.role != Role.USER:
        raise Http404
    form = MessageForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"error": first_error(form)}, status=422)
    try:
        actions.edit_message(message=message, author=me(request), **form.cleaned_data)
    except services.Busy:
        return JsonResponse({"error": str(BUSY)}, status=409)
    except Message.DoesNotExist:
        return JsonResponse({"error": str(GONE)}, status=409)
    return done(request, message.conversation)


@login_required
@require_POST
def remove(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    message = access.message_for(me(request), conversation_id, message_id, to="write")
    try:
        actions.delete_message(message=message, user=me(request))
    except services.Busy:
        return refused(request, message.conversation, str(BUSY))
    except actions.NotAlone:
        sentence = _("Colleagues have written below this message: only who began the conversation may delete it.")
        return refused(request, message.conversation, sentence)
    except Message.DoesNotExist:
        pass  # as it was asked for
    return done(request, message.conversation)


@login_required
@require_POST
def go_on(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """The rest of a reply that was cut off or stopped."""
    reply = _reply_for(request, conversation_id, message_id)
    try:
        actions.continue_reply(reply=reply)
    except services.Busy:
        return refused(request, reply.conversation, str(BUSY))
    except actions.Whole:
        return refused(request, reply.conversation, _("This reply cannot be continued any more."))
    return done(request, reply.conversation)


@login_required
@require_http_methods(["GET", "POST"])
def feedback(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """GET is the dialog in which one corrects the answer; POST takes a thumb, a correction, or both."""
    reply = _reply_for(request, conversation_id, message_id)
    context = {"message": reply, "conversation": reply.conversation, "may_write": True}
    if request.method == "GET":
        mine = actions.feedback_of(reply, me(request))
        return render(request, "chat/correction.html", {**context, "typed": mine.correction or reply.text})
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        again = {**context, "typed": request.POST.get("correction", ""), "error": first_error(form)}
        answer = render(request, "chat/correction.html", again, status=422)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#correction", "outerHTML"
        return answer
    mine = actions.give_feedback(reply=reply, author=me(request), **form.given())
    if not request.headers.get("HX-Request"):
        return back_to(reply.conversation)
    reply.my_thumb, reply.my_correction = mine.thumb, mine.correction
    return render(request, "chat/feedback.html", context)


@login_required
@require_GET
def figures(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """Who wrote a reply, how much, how fast, and why it ended."""
    reply = _reply_for(request, conversation_id, message_id, to="read")
    return render(request, "chat/figures.html", {"message": reply, "generation": reply.generation})


@login_required
@require_GET
def source(request: HttpRequest, conversation_id: UUID, message_id: int) -> HttpResponse:
    """A message's Markdown, as it was written."""
    message = access.message_for(me(request), conversation_id, message_id)
    return HttpResponse(message.text, content_type="text/plain; charset=utf-8")


def _reply_for(request: HttpRequest, conversation_id: UUID, message_id: int, *, to: str = "write") -> Message:
    reply = access.message_for(me(request), conversation_id, message_id, to=to)
    if reply.generation is None:
        raise Http404
    return reply


def refused(request: HttpRequest, conversation: Conversation, sentence: str) -> HttpResponse:
    """Says why nothing was done: as a toast, or on the page that is loaded again."""
    if not request.headers.get("HX-Request"):
        messages.error(request, sentence)
        return back_to(conversation)
    toast = json.dumps({"toast": {"message": sentence, "level": "error"}})
    return HttpResponse(status=204, headers={"HX-Trigger": toast})


BY_NAME = {
    "regenerate": regenerate,
    "show": show,
    "edit": edit,
    "remove": remove,
    "continue": go_on,
    "feedback": feedback,
    "figures": figures,
    "source": source,
}
