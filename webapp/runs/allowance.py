"""How much of the machine a team may use for training: TRAINING_MINUTES_PER_TEAM, of any 30 days."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from webapp.accounts.models import Team
from webapp.runs.models import TrainingRun

PERIOD = timedelta(days=30)


def used_minutes(team: Team) -> float:
    """What its runs have taken that were at work in the last 30 days."""
    recent = TrainingRun.objects.filter(team=team, started_at__gte=timezone.now() - PERIOD)
    return (recent.aggregate(total=Sum("worked_s"))["total"] or 0) / 60


def left_minutes(team: Team) -> float | None:
    """None where there is no limit."""
    limit = settings.TRAINING_MINUTES_PER_TEAM
    return limit - used_minutes(team) if limit else None


def of(team: Team) -> dict[str, float | None]:
    """What pages say of it."""
    return {"left_minutes": left_minutes(team), "allowed_minutes": settings.TRAINING_MINUTES_PER_TEAM}
