"""Who may see and do what with datasets: the team's admins everything, its other people nothing."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from webapp.accounts.access import membership_for
from webapp.accounts.models import Role, Team, User
from webapp.datasets.models import Dataset, Row, Version


def datasets_of(team: Team, *, archived: bool = False) -> QuerySet[Dataset]:
    """The latest first, each with `versions_count`."""
    found = Dataset.objects.filter(team=team, deleted_at=None, archived_at__isnull=not archived).select_related(
        "author"
    )
    return found.annotate(versions_count=Count("versions")).order_by("-created_at")


def dataset_for(user: User, dataset_id: UUID) -> Dataset:
    """Raises Http404 for an outsider, PermissionDenied for too low a role."""
    found = Dataset.objects.filter(pk=dataset_id, deleted_at=None).select_related("team", "author").first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found


def row_for(user: User, dataset_id: UUID, number: int) -> Row:
    dataset = dataset_for(user, dataset_id)
    found = dataset.rows.filter(number=number).first()
    if found is None:
        raise Http404
    found.dataset = dataset
    return found


def version_for(user: User, dataset_id: UUID, number: int) -> Version:
    dataset = dataset_for(user, dataset_id)
    found = dataset.versions.filter(number=number).first()
    if found is None:
        raise Http404
    found.dataset = dataset
    return found


def versions_of(dataset: Dataset) -> QuerySet[Version]:
    """The latest first, each with `withdrawals`: how many people's rows are in it who do not agree any more."""
    gone = Count("contributions", filter=Q(contributions__withdrawn_at__isnull=False))
    return dataset.versions.select_related("author").annotate(withdrawals=gone).order_by("-number")
