"""What happens to named models and adapters. Every change is one transaction, under the lock of the model's row."""

import re
import secrets
import unicodedata
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Team, User
from webapp.lib.jobs import ask
from webapp.runs.models import TrainingRun
from webapp.serving.models import Act, Adapter, Change, Merging, NamedModel, Version


class NotNow(Exception):
    """str() is a sentence: why this cannot be done, and what to do."""


@transaction.atomic
def adapter_of(run: TrainingRun, author: User) -> Adapter:
    """The one that the run made; a worker checks it and keeps it in the store. Made once a run."""
    about = {"team": run.team, "author": author, "name": run.name}
    adapter, fresh = Adapter.objects.get_or_create(run=run, defaults=about)
    if fresh:
        check_soon(adapter)
    return adapter


def check_soon(adapter: Adapter) -> None:
    transaction.on_commit(lambda: ask("webapp.serving.tasks.check", str(adapter.pk)))


@transaction.atomic
def create_model(*, team: Team, name: str, teams: list[Team]) -> NamedModel:
    model = NamedModel.objects.create(team=team, name=name, slug=make_slug(name))
    model.teams.set(teams)
    return model


def make_slug(name: str) -> str:
    """Letters of the name that an engine's model may have, and digits that nobody else has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{stem or 'model'}-{secrets.token_hex(3)}"


def is_slug(name: str) -> bool:
    """Whether it may have been made by make_slug."""
    return bool(re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{6}", name))


@transaction.atomic
def rename_model(*, model: NamedModel, name: str, teams: list[Team]) -> None:
    NamedModel.objects.filter(pk=model.pk).update(name=name)
    model.teams.set(teams)


@transaction.atomic
def put_in_service(*, model: NamedModel, adapter: Adapter, author: User, share: int = 100) -> Version:
    """Its next version answers everybody, or that share of the conversations, as soon as an engine has it. Until then
    what serves now goes on."""
    model = locked(model)
    version = _version_of(model, adapter)
    on_trial = share < 100 and model.current_id is not None
    if on_trial:
        _move(model, coming=None, candidate=version, share=share)
    elif model.current_id == version.pk:
        _move(model, coming=None, candidate=None, share=0)
    else:
        _move(model, coming=version, candidate=None, share=0)
    _note(model, author, Act.TRIED if on_trial else Act.PUT, version, share if on_trial else 100)
    return version


@transaction.atomic
def promote(*, model: NamedModel, author: User) -> None:
    """What is on trial answers everybody. Raises NotNow."""
    model = locked(model)
    version = model.candidate
    if version is None:
        raise NotNow(_("Nothing is on trial any more."))
    _note(model, author, Act.PROMOTED, version)
    if version.loaded:
        _move(model, current=version, candidate=None, share=0)
    else:
        _move(model, coming=version, candidate=None, share=0)


@transaction.atomic
def roll_back(*, model: NamedModel, author: User, to: Version | None = None) -> None:
    """To that version; else one step: what is coming or on trial is dropped, the version before the current one comes
    back, or the model is taken out of service. At once: an engine without the version loads it with the first reply."""
    model = locked(model)
    if to is None and (dropped := model.candidate or model.coming):
        _move(model, coming=None, candidate=None, share=0)
        _note(model, author, Act.ENDED, dropped)
        return
    version = to or model.previous
    _move(model, current=version, coming=None, candidate=None, share=0)
    _note(model, author, Act.BROUGHT_BACK if to else Act.ROLLED_BACK, version)


@transaction.atomic
def take_out(*, model: NamedModel, author: User) -> None:
    """People's conversations go on with the base model."""
    model = locked(model)
    gone = model.current
    _move(model, current=None, coming=None, candidate=None, share=0)
    _note(model, author, Act.TAKEN_OUT, gone)


@transaction.atomic
def arrived(version: Version) -> None:
    """An engine has it, and it answers: now it takes its place."""
    model = locked(version.model)
    now = timezone.now()
    Version.objects.filter(pk=version.pk).update(loaded=True, problem="", tried_at=now)
    if model.coming_id == version.pk:
        _move(model, current=version, coming=None)
    elif model.candidate_id == version.pk:
        Version.objects.filter(pk=version.pk, served_at=None).update(served_at=now)


@transaction.atomic
def merge(adapter: Adapter) -> None:
    idle = Adapter.objects.filter(pk=adapter.pk).exclude(merging=Merging.WANTED)
    if idle.update(merging=Merging.WANTED, merge_part=0, merge_problem=""):
        transaction.on_commit(lambda: ask("webapp.serving.tasks.merge", str(adapter.pk)))


@transaction.atomic
def unmerge(adapter: Adapter) -> None:
    """The full model is wanted no more: what is at it stops, what is there is removed."""
    Adapter.objects.filter(pk=adapter.pk).update(merging=Merging.NOT, merge_problem="")
    transaction.on_commit(lambda: ask("webapp.serving.tasks.forget_merged", str(adapter.pk)))


@transaction.atomic
def delete_adapter(adapter: Adapter) -> None:
    """Raises NotNow while a model has it as a version: it could be rolled back to."""
    found = adapter.versions.select_related("model").first()
    if found:
        raise NotNow(_("It is a version of %(model)s: delete that model first.") % {"model": found.model})
    digest, pk = adapter.sha256, str(adapter.pk)
    adapter.delete()
    transaction.on_commit(lambda: ask("webapp.serving.tasks.forget", pk, digest))


@transaction.atomic
def delete_model(model: NamedModel) -> None:
    """Raises NotNow while it serves. Its adapters stay."""
    model = locked(model)
    if model.current_id or model.coming_id or model.candidate_id:
        raise NotNow(_("It is in service: take it out first."))
    if model.versions.filter(loaded=True).exists():
        raise NotNow(_("The engine still holds a version of it, for replies that go on. Try again in a moment."))
    model.delete()


def locked(model: NamedModel) -> NamedModel:
    return NamedModel.objects.select_for_update().get(pk=model.pk)


def _version_of(model: NamedModel, adapter: Adapter) -> Version:
    last = model.versions.aggregate(last=Max("number"))["last"] or 0
    return Version.objects.get_or_create(model=model, adapter=adapter, defaults={"number": last + 1})[0]


def _move(model: NamedModel, **places: Any) -> None:
    """Stores who serves now, and notes the moment for those that begin to serve or cease to."""
    before = _serving(model)
    for name, value in places.items():
        setattr(model, name, value)
    model.save(update_fields=list(places))
    now = timezone.now()
    Version.objects.filter(pk__in=before - _serving(model)).update(left_at=now)
    if model.current_id:
        Version.objects.filter(pk=model.current_id, served_at=None).update(served_at=now)


def _serving(model: NamedModel) -> set[int]:
    return {pk for pk in (model.current_id, model.candidate_id) if pk}


def _note(model: NamedModel, author: User, act: Act, version: Version | None, share: int = 100) -> None:
    Change.objects.create(model=model, author=author, act=act, version=version, share=share)
