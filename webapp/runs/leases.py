"""Who works on which run. As with replies (webapp/generation/leases.py), every change is one guarded UPDATE.

One run at a time on a machine: a worker takes the next only when no other run of its machine has a lease that holds.
"""

import socket
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp.runs.models import Status, TrainingRun

LEASE_S, RENEW_S = 30.0, 2.0
MACHINE = socket.gethostname()


@transaction.atomic
def claim_next(owner: str) -> TrainingRun | None:
    """The run that is due, now that owner's; None when there is none, or this machine is busy. Locked rows are somebody
    else's already."""
    now = timezone.now()
    busy = TrainingRun.objects.filter(status=Status.RUNNING, lease_until__gte=now, owner__startswith=f"{MACHINE}:")
    if busy.exists():
        return None
    due = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    run = TrainingRun.objects.select_for_update(skip_locked=True).filter(due).order_by("queued_at").first()
    if run is None:
        return None
    run.taken_over = run.status == Status.RUNNING
    run.status, run.owner, run.started_at = Status.RUNNING, owner, run.started_at or now
    run.lease_until = now + timedelta(seconds=LEASE_S)
    run.save(update_fields=["status", "owner", "lease_until", "started_at"])
    return run


def renew(run: TrainingRun, owner: str) -> bool | None:
    """Whether a stop was asked for; None when the run is no longer this owner's."""
    mine = TrainingRun.objects.filter(pk=run.pk, owner=owner, status=Status.RUNNING)
    if not mine.update(lease_until=timezone.now() + timedelta(seconds=LEASE_S)):
        return None
    return mine.values_list("stop_requested", flat=True).first()
