"""Whose words the team's models may learn from: nobody's, until they say so themselves, for each team."""

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import Membership, Team
from webapp.datasets.models import Consent, Contribution, Dataset, Row


def agrees(membership: Membership) -> bool:
    return Consent.objects.filter(membership=membership).exists()


def who_agree(team: Team) -> set[int]:
    """The ids of the team's people who agreed."""
    return set(Consent.objects.filter(membership__team=team).values_list("membership__user", flat=True))


@transaction.atomic
def agree(membership: Membership) -> None:
    """From now on, and for what is there already."""
    Consent.objects.get_or_create(membership=membership)


@transaction.atomic
def withdraw(membership: Membership) -> None:
    """Their rows go from every dataset of the team; versions that hold some are marked, as is what learnt from them."""
    Consent.objects.filter(membership=membership).delete()
    forget(membership.team_id, membership.user_id)


def forget(team_id: int, person_id: int) -> None:
    now = timezone.now()
    rows = Row.objects.filter(dataset__team=team_id, origin__people__contains=person_id)
    Dataset.objects.filter(pk__in=rows.values("dataset")).update(changed_at=now)
    rows.delete()
    theirs = Contribution.objects.filter(version__dataset__team=team_id, person=person_id, withdrawn_at=None)
    theirs.update(withdrawn_at=now)
