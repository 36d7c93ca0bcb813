from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.access import me
from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership
from webapp.chat import access, pages
from webapp.chat.models import Task


@require_GET
@in_team()
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    context = {"page": pages.recent(me(request), membership.team, task=Task.ASK), "task": Task.ASK}
    return render(request, "ask/home.html", context)


@login_required
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    found = access.conversation_for(me(request), conversation_id, task=Task.ASK)
    return render(request, "ask/home.html", {"conversation": found})
