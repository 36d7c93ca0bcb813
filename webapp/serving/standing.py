"""What a named model's page says of it now: who answers, what comes, how the versions did."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from webapp.serving import comparison, engine
from webapp.serving.files import base_version
from webapp.serving.models import Act, NamedModel, Version

VERSIONS = 12


def _versions(model: NamedModel) -> QuerySet[Version]:
    found = model.versions.select_related("adapter__run__version", "model").order_by("-number")
    return found.prefetch_related("adapter__run__version__contributions")


def standing(request: HttpRequest, found: NamedModel) -> dict[str, Any]:
    page = Paginator(_versions(found), VERSIONS).get_page(request.GET.get("versions", "1"))
    began = found.changes.filter(act=Act.TRIED).order_by("-created_at").first() if found.candidate_id else None
    both = _versions(found).filter(Q(pk=found.current_id) | Q(pk=found.candidate_id)) if began else []
    serves = bool(found.current_id or found.coming_id or found.candidate_id)
    away = serves and not engine.answers()
    return {
        "model": found,
        "page": page,
        "versions": comparison.figures(found, list(page)),
        "trial": comparison.figures(found, list(both), began.created_at) if began else [],
        "began": began,
        "previous": found.previous,
        "base": base_version(),
        "away": away,
        "loading": away or loading(found),
        "serves": serves,
        "offered": bool(found.current and found.current.adapter.base == base_version()) and _ours(found),
    }


def _ours(found: NamedModel) -> bool:
    """Whether its own team's people may choose it, and not only others'."""
    return found.teams.filter(pk=found.team_id).exists()


def loading(found: NamedModel) -> bool:
    """Whether the engine may have something of it at any moment that it has not now."""
    wanted = [version for version in (found.coming, found.current, found.candidate) if version]
    missing = [version for version in wanted if not version.loaded or version.pk == found.coming_id]
    return any(not v.problem and (not v.adapter.base or v.adapter.base == base_version()) for v in missing)
