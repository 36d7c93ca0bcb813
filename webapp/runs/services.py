"""What happens to runs: every change is one transaction, and tells those who look on when it is committed."""

import shutil
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Team, User
from webapp.datasets.models import Version
from webapp.lib import presence
from webapp.lib.counts import Count
from webapp.lib.groups import tell
from webapp.lib.jobs import ask
from webapp.lib.sentences import told
from webapp.runs import allowance
from webapp.runs.models import ACTIVE, Command, Corpus, Event, Status, TrainingRun

_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


class Refused(Exception):
    """str() is a sentence: why a run does not start, and what to do."""


class InUse(Exception):
    """str() is a sentence: what has to end first."""


@transaction.atomic
def create_run(*, team: Team, author: User, name: str, config: dict[str, Any], corpora: list[Corpus]) -> TrainingRun:
    """A queued run from scratch; the training worker takes it when its turn comes. Raises Refused."""
    _within_allowance(team)
    run = TrainingRun.objects.create(team=team, author=author, name=name, command=Command.PRETRAIN, config=config)
    run.corpora.set(corpora)
    transaction.on_commit(nudge)
    return run


@transaction.atomic
def plan_run(
    *, team: Team, author: User, name: str, config: dict[str, Any], version: Version, goes_to: str = ""
) -> TrainingRun:
    """A run that teaches a model, with what it will cost being measured meanwhile. It waits for start_run."""
    run = TrainingRun.objects.create(
        team=team,
        author=author,
        name=name,
        command=Command.FINETUNE,
        config=config,
        version=version,
        goes_to=goes_to,
        status=Status.PLANNED,
    )
    transaction.on_commit(lambda: ask("webapp.runs.tasks.estimate", str(run.pk)))
    return run


@transaction.atomic
def note_estimate(run: TrainingRun, estimate: dict[str, Any]) -> None:
    if TrainingRun.objects.filter(pk=run.pk, status=Status.PLANNED).update(estimate=estimate):
        changed(run)


@transaction.atomic
def estimate_again(run: TrainingRun) -> None:
    if TrainingRun.objects.filter(pk=run.pk, status=Status.PLANNED).update(estimate=None):
        changed(run)
        transaction.on_commit(lambda: ask("webapp.runs.tasks.estimate", str(run.pk)))


@transaction.atomic
def start_run(run: TrainingRun) -> None:
    """Queues a planned run. Raises Refused where it will not fit this machine, the team has used up its time, or
    somebody whose rows it would learn from has withdrawn their consent."""
    if run.estimate and not run.estimate.get("fits", True):
        raise Refused(told(run.estimate.get("problem") or ""))
    _may_learn(run)
    planned = TrainingRun.objects.filter(pk=run.pk, status=Status.PLANNED)
    if planned.update(status=Status.QUEUED, queued_at=timezone.now()):
        changed(run)
        transaction.on_commit(nudge)


@transaction.atomic
def stop_run(run: TrainingRun) -> None:
    """A queued run stops here; a running one saves a checkpoint first, which its worker sees to."""
    if end(run, where={"status": Status.QUEUED}, status=Status.STOPPED):
        return
    TrainingRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(stop_requested=True)
    changed(run)


@transaction.atomic
def resume_run(run: TrainingRun) -> None:
    """Queues a stopped or failed run again; it goes on from its last checkpoint, or begins anew without one. Raises
    Refused."""
    _may_learn(run)
    ended = TrainingRun.objects.filter(pk=run.pk, status__in=(Status.STOPPED, Status.FAILED))
    now = timezone.now()
    if ended.update(status=Status.QUEUED, queued_at=now, stop_requested=False, problem="", breaks=0, finished_at=None):
        changed(run)
        transaction.on_commit(nudge)


@transaction.atomic
def delete_run(run: TrainingRun) -> None:
    """With its checkpoints and its model. Raises InUse while it is queued or running."""
    run = TrainingRun.objects.select_for_update().get(pk=run.pk)
    if run.status in ACTIVE:
        raise InUse(_("Stop the run before you delete it."))
    directory = run.directory
    run.delete()
    transaction.on_commit(lambda: shutil.rmtree(directory, ignore_errors=True))


@transaction.atomic
def end(run: TrainingRun, *, where: dict[str, Any], status: Status, problem: str = "") -> bool:
    """The one guarded UPDATE that ends a run, or queues it again. False when the row is not as `where` says."""
    values: dict[str, Any] = {"status": status, "problem": problem, "owner": "", "lease_until": None}
    if status is not Status.QUEUED:
        values["finished_at"] = timezone.now()
    if status is Status.DONE:
        values["progress"] = 1.0
    if not TrainingRun.objects.filter(pk=run.pk, **where).update(**values):
        return False
    changed(run)
    return True


@transaction.atomic
def note_event(run: TrainingRun, owner: str, kind: str, values: dict[str, Any]) -> None:
    """Keeps what the command said, and how far the run is. What a run says after another worker took it is dropped.
    A resumed run says some steps again: what it said of them before is replaced."""
    step = int(values.get("step") or values.get("resumed_from") or 0)
    said: dict[str, Any] = {}
    if kind == "started" and values.get("steps"):
        said = {"steps": values["steps"]}
        run.steps = values["steps"]
    if kind == "step":
        values = {"progress": progress(run, values), **values}
        said = {"step": step, "breaks": 0, "progress": values["progress"]}
    mine = TrainingRun.objects.filter(pk=run.pk, owner=owner, status=Status.RUNNING)
    if not (mine.update(**said) if said else mine.exists()):
        return
    if kind == "started":
        Event.objects.filter(run=run, kind__in=("step", "evaluated", "sampled"), step__gt=step).delete()
    Event.objects.create(run=run, kind=kind, step=step, values=values)
    transaction.on_commit(lambda: tell(run.channel, {"type": "run.event"}))


def note_work(run: TrainingRun, seconds: float) -> None:
    """So much longer the machine was taken up by it."""
    TrainingRun.objects.filter(pk=run.pk).update(worked_s=F("worked_s") + seconds)


def progress(run: TrainingRun, values: dict[str, Any]) -> float:
    """How much of the run is over, 0 to 1, by its steps or the lengths of its stages."""
    if run.steps:
        return min(1.0, values.get("step", 0) / run.steps)
    stages = run.config.get("stages", [])
    minutes = sum(stage.get("max_minutes") or 0 for stage in stages)
    steps = sum(stage.get("max_steps") or 0 for stage in stages)
    parts = [
        values.get("elapsed_s", 0) / (minutes * 60) if minutes else 0,
        values.get("step", 0) / steps if steps else 0,
    ]
    return min(1.0, max(parts))


def place_in_queue(run: TrainingRun) -> int:
    """How many runs, of all teams, go before this one on its way to a worker."""
    return TrainingRun.objects.filter(status__in=ACTIVE, queued_at__lt=run.queued_at).count()


def events_after(run: TrainingRun, event_id: int) -> list[Event]:
    """What a page that knows the events up to that one has missed."""
    return list(run.events.filter(pk__gt=event_id).order_by("pk"))


def last_event(run: TrainingRun) -> int:
    return run.events.aggregate(last=Max("pk"))["last"] or 0


def _may_learn(run: TrainingRun) -> None:
    _within_allowance(run.team)
    if run.version and run.version.withdrawn:
        raise Refused(
            _("Somebody whose rows this run would learn from has withdrawn their consent. Freeze a new version of the "
              "dataset, without those rows, and teach from it.")
        )  # fmt: skip


def _within_allowance(team: Team) -> None:
    left = allowance.left_minutes(team)
    if left is not None and left <= 0:
        raise Refused(
            _("The team has used its %(minutes)s minutes of training of the last 30 days. Wait, or ask who runs this "
              "install to raise TRAINING_MINUTES_PER_TEAM.")
            % {"minutes": Count(settings.TRAINING_MINUTES_PER_TEAM)}
        )  # fmt: skip


def changed(run: TrainingRun) -> None:
    transaction.on_commit(lambda: tell(run.channel, {"type": "run.changed"}))


def nudge() -> None:
    """Asks a worker to look now rather than in a few seconds."""
    ask("webapp.runs.tasks.work", queue="training")


def somebody_works() -> bool:
    """Whether a training worker is alive, as far as one knows, so that what waits will have its turn."""
    try:
        return presence.count(_redis, presence.TRAINING) > 0
    except redis.RedisError:  # what cannot be known is not said: the page is there all the same
        return True
