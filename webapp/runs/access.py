"""Who may see and do what with corpora and runs: the team's admins everything, its other people nothing."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from webapp.accounts.access import membership_for
from webapp.accounts.models import Role, Team, User
from webapp.runs.models import Corpus, TrainingRun


def runs_of(team: Team) -> QuerySet[TrainingRun]:
    """The latest first, for a page that only admins reach."""
    return TrainingRun.objects.filter(team=team).select_related("author").order_by("-created_at")


def run_of(team: Team, key: str) -> TrainingRun | None:
    """The team's run that an address names by its id, for a page that only admins reach."""
    try:
        return runs_of(team).filter(pk=UUID(key)).first()
    except ValueError:
        return None


def run_for(user: User, run_id: UUID) -> TrainingRun:
    """Raises Http404 for an outsider, PermissionDenied for too low a role."""
    found = TrainingRun.objects.filter(pk=run_id).select_related("team", "author").first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found


def corpora_of(team: Team) -> QuerySet[Corpus]:
    return Corpus.objects.filter(team=team).order_by("-created_at")


def corpus_for(user: User, corpus_id: UUID) -> Corpus:
    """Raises Http404 for an outsider, PermissionDenied for too low a role."""
    found = Corpus.objects.filter(pk=corpus_id).select_related("team").first()
    if found is None:
        raise Http404
    membership_for(user, found.team_id, at_least=Role.ADMIN)
    return found
