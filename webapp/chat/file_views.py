"""Conversations as files: exports, the page where one brings some, and what was deleted and can be brought back."""

from uuid import UUID

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from webapp.accounts.access import me
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.chat import access, exporting, import_services, importing
from webapp.chat.models import Import

SHOWN = 5  # imports
LONGEST_HEAD = 64 * 1024  # bytes of an upload's form besides the file
TOO_LARGE = gettext_lazy(
    "The file is larger than %(limit)d MB. Take conversations.json out of its archive, or divide it."
)


@login_required
@require_GET
def export(request: HttpRequest, conversation_id: UUID, form: str) -> HttpResponse:
    conversation = access.conversation_for(me(request), conversation_id)
    if form == "md":
        content, kind = exporting.as_markdown(conversation).encode(), "text/markdown; charset=utf-8"
    elif form == "json":
        content = msgspec.json.format(msgspec.json.encode(exporting.as_json([conversation], me(request))))
        kind = "application/json"
    else:
        raise Http404
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, exporting.file_name(conversation, form)) or ""
    return response


@require_http_methods(["GET", "POST"])
@in_team()
def files(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Where one imports conversations, and finds those deleted in the last days."""
    if request.method == "POST":
        return _take(request, membership)
    mine = Import.objects.filter(team=membership.team, author=me(request)).order_by("-created_at")[:SHOWN]
    context = {
        "imports": mine,
        "active": any(one.active for one in mine),
        "may_write": membership.may(Role.MEMBER),
    }
    if request.headers.get("HX-Request"):
        return render(request, "chat/imports.html", context)
    context["deleted"] = access.deleted_for(me(request), membership)
    return render(request, "chat/files.html", context)


def _take(request: HttpRequest, membership: Membership) -> HttpResponse:
    if not membership.may(Role.MEMBER):
        return HttpResponse(status=403)
    too_large = int(request.META.get("CONTENT_LENGTH") or 0) > importing.LARGEST_FILE + LONGEST_HEAD
    file = None if too_large else request.FILES.get("file")
    if too_large or (file and (file.size or 0) > importing.LARGEST_FILE):
        messages.error(request, TOO_LARGE % {"limit": importing.LARGEST_FILE // 2**20})
    elif not file or not file.size:
        messages.error(request, _("Choose a file that is not empty."))
    else:
        import_services.take_file(team=membership.team, author=me(request), file=file)
    return redirect("chat:files")
