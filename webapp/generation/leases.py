"""Who writes which reply. A lease is a row's `owner` and `lease_until`; every change is one guarded UPDATE.

A worker renews its leases every RENEW_S. One that could not for LEASE_S must take them for lost, and write no more.
"""

from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from webapp.generation.models import ACTIVE, Generation, Status

LEASE_S, RENEW_S = 12.0, 3.0
UNHEARD_S = 3.0  # a queued row this old was not heard of through Redis


def claim(generation_id: int, owner: str) -> Generation | None:
    """The row, now ours; None when somebody else has it or it has ended."""
    now = timezone.now()
    free = Q(status=Status.QUEUED) | Q(status=Status.STREAMING, lease_until__lt=now)
    claimed = Generation.objects.filter(free, pk=generation_id).update(
        status=Status.STREAMING,
        owner=owner,
        lease_until=now + timedelta(seconds=LEASE_S),
        attempts=F("attempts") + 1,
    )
    return Generation.objects.get(pk=generation_id) if claimed else None


def renew(owner: str) -> dict[int, bool]:
    """{id: whether a stop was asked for} of the rows that are still this owner's."""
    mine = Generation.objects.filter(owner=owner, status=Status.STREAMING)
    mine.update(lease_until=timezone.now() + timedelta(seconds=LEASE_S))
    return dict(mine.values_list("pk", "stop_requested"))


def release(generation_id: int, owner: str) -> None:
    """Lets another worker go on from the text so far, at once."""
    Generation.objects.filter(pk=generation_id, owner=owner, status=Status.STREAMING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def unclaimed(limit: int) -> list[int]:
    """The next rows that nobody writes: queued and not heard of, or left by a worker that died."""
    now = timezone.now()
    unheard = Q(status=Status.QUEUED, created_at__lt=now - timedelta(seconds=UNHEARD_S))
    left = Q(status=Status.STREAMING, lease_until__lt=now)
    waiting = Generation.objects.filter(unheard | left, status__in=ACTIVE).order_by("priority", "pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def note(generation_id: int, owner: str, waiting: str) -> None:
    Generation.objects.filter(pk=generation_id, owner=owner).update(waiting=waiting)
