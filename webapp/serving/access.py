"""Who may see and do what with adapters and named models: their team's admins everything, others nothing."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from webapp.accounts.access import membership_for, memberships_of
from webapp.accounts.models import Role, Team, User
from webapp.serving.models import Adapter, NamedModel


def models_of(team: Team) -> QuerySet[NamedModel]:
    related = ("current__adapter", "coming__adapter", "candidate__adapter")
    return NamedModel.objects.filter(team=team).select_related(*related).order_by("name")


def model_for(user: User, model_id: UUID) -> NamedModel:
    """Raises Http404 for an outsider, PermissionDenied for too low a role."""
    related = ("team", "current__adapter", "coming__adapter", "candidate__adapter")
    found = NamedModel.objects.filter(pk=model_id).select_related(*related).first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found


def adapters_of(team: Team) -> QuerySet[Adapter]:
    """The latest first."""
    found = Adapter.objects.filter(team=team).select_related("run__version", "author", "same_as")
    known = found.prefetch_related("run__version__contributions", "same_as__versions__model")
    return known.order_by("-created_at")


def adapter_for(user: User, adapter_id: UUID) -> Adapter:
    """Raises as model_for."""
    found = Adapter.objects.filter(pk=adapter_id).select_related("team", "run__version", "author").first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found


def teams_of(user: User) -> QuerySet[Team]:
    """Those whose people this person may give a model."""
    ids = [own.team_id for own in memberships_of(user) if own.is_admin]
    return Team.objects.filter(pk__in=ids).order_by("name")
