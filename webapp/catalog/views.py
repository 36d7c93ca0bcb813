from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.decorators import in_team
from webapp.accounts.models import Membership, Role
from webapp.catalog import shelf
from webapp.lib import markdown
from webapp.runs import access
from webapp.runs.models import Status

PAGE = 20


@require_GET
@in_team(Role.ADMIN)
def home(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The model in service with its card, and those that the team trained."""
    served = shelf.describe(settings.SERVED_MODEL, settings.MODEL)
    done = access.runs_of(membership.team).filter(status=Status.DONE)
    page = Paginator(done, PAGE).get_page(request.GET.get("page", "1"))
    context = {
        "served": served,
        "card": markdown.render(served.card),
        "builtin": str(settings.BUILTIN_MODEL) == settings.MODEL,
        "elsewhere": bool(settings.INFERENCE_URL),
        "page": page,
        "trained": [(run, shelf.describe(run.name, str(run.result))) for run in page],
    }
    return render(request, "catalog/home.html", context)
