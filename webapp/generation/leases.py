"""Who writes which reply. A lease is a row's `owner` and `lease_until`; every change is one guarded UPDATE.

A worker renews its leases every RENEW_S. One that could not for LEASE_S must take them for lost, and write no more.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from webapp.generation.models import ACTIVE, Generation, Status
from webapp.lib import rows

LEASE_S, RENEW_S = 12.0, 3.0
UNHEARD_S = 3.0  # a queued row this old was not heard of through Redis


CLAIM = """
UPDATE generation_generation
SET status = 'streaming', owner = %(owner)s, lease_until = %(now)s + %(lease)s, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM generation_generation
    WHERE id = ANY(%(ids)s) AND (status = 'queued' OR (status = 'streaming' AND lease_until < %(now)s))
    FOR UPDATE SKIP LOCKED
)
RETURNING """ + rows.columns(Generation)  # noqa: S608 (of constants)


def claim(generation_ids: list[int], owner: str) -> list[Generation]:
    """Those rows that are now ours: without what somebody else has, and what has ended."""
    values = {"ids": generation_ids, "owner": owner, "now": timezone.now(), "lease": timedelta(seconds=LEASE_S)}
    return rows.load(Generation, CLAIM, values)


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
