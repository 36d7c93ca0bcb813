"""What the generation workers ask: which adapters an engine should hold, and where they lie (generation.adapters)."""

from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from webapp.generation.adapters import Plan
from webapp.generation.models import ACTIVE, Generation
from webapp.serving import services
from webapp.serving.files import base_version, directory
from webapp.serving.models import Checked, Version
from webapp.serving.refusals import reason

AGAIN = timedelta(seconds=30)  # until what the engine refused is tried once more
GRACE = timedelta(seconds=5)  # for a reply that was being asked for when its version left


class Shelf:
    """The install's named models."""

    def plan(self) -> Plan:
        """Two queries; one more where something is to be unloaded."""
        now = timezone.now()
        serving = list(_serving())
        wanted = [v for v in serving if not (v.problem and v.tried_at and v.tried_at > now - AGAIN)]
        return Plan(
            wanted={version.engine_name: _place(version) for version in wanted},
            untried=frozenset(v.engine_name for v in wanted if not v.loaded or v.pk == v.model.coming_id),
            leaving=_leaving(now) - {version.engine_name for version in serving},
        )

    def find(self, name: str) -> Path | None:
        places = (_place(version) for version in _named(name) if version.adapter.ready)
        return next((place for place in places if place.is_dir()), None)

    def note_loaded(self, name: str) -> None:
        for version in _named(name):
            services.arrived(version)

    def note_refused(self, name: str, words: str) -> None:
        problem = reason(self.find(name), words)
        _named(name).update(loaded=False, tried_at=timezone.now(), problem=problem)

    def note_unloaded(self, name: str) -> None:
        _named(name).update(loaded=False)

    def note_held(self, name: str) -> None:
        """What serves is noted when it was tried; of what does not, so that it is unloaded again."""
        _named(name).exclude(_in_service()).update(loaded=True)


def _leaving(now: datetime) -> frozenset[str]:
    """What is out of service and writes no reply any more."""
    left = Q(left_at=None) | Q(left_at__lt=now - GRACE)
    out = Version.objects.exclude(_in_service()).filter(left, loaded=True).select_related("model", "adapter")
    names = {version.engine_name for version in out}
    busy = Generation.objects.filter(status__in=ACTIVE, model__in=names) if names else Generation.objects.none()
    return frozenset(names - set(busy.values_list("model", flat=True)))


def _in_service() -> Q:
    return Q(pk=F("model__current")) | Q(pk=F("model__coming")) | Q(pk=F("model__candidate"))


def _serving() -> QuerySet[Version]:
    found = Version.objects.filter(_in_service(), adapter__status=Checked.READY, adapter__base=base_version())
    return found.select_related("model", "adapter").order_by("pk")


def _named(name: str) -> QuerySet[Version]:
    """Versions that an engine serves by that name: one, or two where the same adapter was brought twice."""
    slug, _, digits = name.partition("@")
    found = Version.objects.filter(model__slug=slug, adapter__sha256__startswith=digits)
    return found.select_related("model", "adapter")


def _place(version: Version) -> Path:
    return directory(version.adapter.sha256)
