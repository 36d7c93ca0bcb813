"""The worker's side: checking what comes in, merging, removing files. What a lost message wanted, the rows say."""

import shutil
from pathlib import Path

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from webapp.lib.jobs import ask
from webapp.serving import admission, merging
from webapp.serving.models import Adapter, Checked, Merging

LOOK_EVERY_S = 30.0


@shared_task
def check(adapter_id: str) -> None:
    adapter = Adapter.objects.select_related("run").filter(pk=adapter_id, status=Checked.CHECKING).first()
    if adapter:
        admission.check(adapter)


@shared_task
def merge(adapter_id: str) -> None:
    adapter = Adapter.objects.filter(pk=adapter_id, merging=Merging.WANTED).first()
    if adapter:
        merging.merge(adapter)


@shared_task
def forget(adapter_id: str, sha256: str) -> None:
    """The files of an adapter that was deleted; those in the store only where no other one is the same."""
    forget_merged(adapter_id)
    if sha256 and not Adapter.objects.filter(sha256=sha256).exists():
        admission.store().remove(sha256)


@shared_task
def forget_merged(adapter_id: str) -> None:
    """The full model, unless it is wanted again."""
    if not Adapter.objects.filter(pk=adapter_id).exclude(merging=Merging.NOT).exists():
        shutil.rmtree(settings.DATA_DIR / "merged" / Path(adapter_id).name, ignore_errors=True)


@shared_task
def check_what_waits() -> None:
    for adapter in Adapter.objects.select_related("run").filter(status=Checked.CHECKING):
        admission.check(adapter)
    for adapter in Adapter.objects.filter(merging=Merging.WANTED):
        merging.merge(adapter)


@worker_ready.connect
def look_regularly(sender, **kwargs) -> None:
    sender.timer.call_repeatedly(LOOK_EVERY_S, lambda: ask("webapp.serving.tasks.check_what_waits"))
