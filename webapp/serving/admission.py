"""How an adapter comes into the store: a worker checks what a run made or somebody brought, and keeps it whole."""

import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import transaction

from inference.adapters import AdapterInfo, AdapterStore, InvalidAdapter
from inference.models import is_local, version_of
from inference.versions import CONFIG, WEIGHTS
from webapp.accounts.models import Team
from webapp.lib.sentences import Sentence, said
from webapp.serving.files import LIMITS, base_version
from webapp.serving.models import Adapter, Checked

MOST_ENTRIES = 1000  # of an archive
PIECE = 2**20
PICKLED = "adapter_model.bin"  # as PEFT once wrote them


def store() -> AdapterStore:
    return AdapterStore(settings.ADAPTERS_DIR)


def check(adapter: Adapter) -> None:
    """Stores it, or why it cannot be."""
    try:
        info = _admit(adapter)
    except (InvalidAdapter, OSError) as error:
        _note(adapter, status=Checked.REFUSED, problem=said(error))
    else:
        _keep(adapter, info)
    shutil.rmtree(adapter.upload, ignore_errors=True)


@transaction.atomic
def _keep(adapter: Adapter, info: AdapterInfo) -> None:
    """What somebody brings is listed once in a team, should it be checked twice at the same time."""
    Team.objects.select_for_update(no_key=True).get(pk=adapter.team_id)
    twin = None if adapter.run_id else _twin(adapter, info.sha256)
    if twin:
        _note(adapter, status=Checked.REFUSED, problem=_here_already(twin), same_as=twin)
    else:
        _note(adapter, status=Checked.READY, problem="", base=base_version(), **_facts(info))


def _twin(adapter: Adapter, sha256: str) -> Adapter | None:
    """The same files for the same base in that team; one that is a version of a model before one that is none."""
    same = Adapter.objects.filter(team=adapter.team_id, sha256=sha256, base=base_version(), status=Checked.READY)
    found = list(same.prefetch_related("versions__model").order_by("created_at"))
    return next((one for one in found if one.place), found[0] if found else None)


def _here_already(twin: Adapter) -> Sentence:
    if place := twin.place:
        return Sentence(
            "The same adapter was here already, as version %(number)s of %(model)s: it was not added again.",
            number=place.number,
            model=place.model,
        )
    return Sentence("The same adapter was here already, as %(name)s: it was not added again.", name=twin)


def _note(adapter: Adapter, **known: object) -> None:
    Adapter.objects.filter(pk=adapter.pk, status=Checked.CHECKING).update(**known)


def _facts(info: AdapterInfo) -> dict[str, object]:
    names = ("sha256", "rank", "lora_alpha", "parameters", "size")
    return {name: getattr(info, name) for name in names} | {"target_modules": list(info.target_modules)}


def _admit(adapter: Adapter) -> AdapterInfo:
    if not is_local(settings.MODEL):
        raise InvalidAdapter(
            Sentence("The model in service lies on another machine: nothing can be checked against it.")
        )
    with tempfile.TemporaryDirectory(prefix="adapter-") as place:
        source = _made(adapter) if adapter.run else unpacked(adapter.upload, Path(place))
        extra = ("run.json",) if (source / "run.json").is_file() else ()
        return store().add(source, Path(settings.MODEL), settings.MAX_LORA_RANK, extra)


def _made(adapter: Adapter) -> Path:
    """What the run left. Its base is known exactly; a model of the same shape is another one nevertheless."""
    run = adapter.run
    assert run
    base = str(run.config.get("base") or settings.MODEL)
    if version_of(base) != base_version():
        raise InvalidAdapter(
            Sentence(
                "It was made for another base model than the one in service. Start Colloquy with that one to serve it."
            )
        )
    return run.result


def unpacked(upload: Path, place: Path) -> Path:
    """The directory with the files that somebody brought; of an archive only the three that belong to an adapter are
    unpacked, as `place` has them. Raises InvalidAdapter."""
    archives = sorted(upload.glob("*.zip"))
    if not archives:
        return upload
    try:
        with zipfile.ZipFile(archives[0]) as archive:
            for name, entry in _entries(archive).items():
                _unpack(archive, entry, place / name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidAdapter(Sentence("The archive is damaged or encrypted: %(reason)s.", reason=error)) from error
    return place


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Those we know, by their bare names: they may lie in a folder, but all in the same."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise InvalidAdapter(Sentence("The archive holds too many files for an adapter."))
    known = [info for info in infos if PurePosixPath(info.filename).name in LIMITS and "__MACOSX" not in info.filename]
    if len({PurePosixPath(info.filename).parent for info in known}) > 1:
        raise InvalidAdapter(Sentence("The archive holds several adapters: bring them one by one."))
    found = {PurePosixPath(info.filename).name: info for info in known}
    if len(found) < len(known):
        raise InvalidAdapter(Sentence("The archive holds a file twice."))
    if WEIGHTS not in found and any(PurePosixPath(info.filename).name == PICKLED for info in infos):
        raise InvalidAdapter(
            Sentence(
                "Its weights are pickled (%(pickled)s), and pickles are never read: save them as %(file)s.",
                pickled=PICKLED,
                file=WEIGHTS,
            )
        )
    for name in (CONFIG, WEIGHTS):
        if name not in found:
            raise InvalidAdapter(Sentence("The archive holds no file %(file)s.", file=name))
    return found


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Counts what comes out, whatever the archive says of itself."""
    left = LIMITS[target.name]
    if entry.file_size > left:
        raise _too_large(target.name)
    with archive.open(entry) as source, target.open("wb") as kept:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise _too_large(target.name)
            kept.write(piece)


def _too_large(file: str) -> InvalidAdapter:
    return InvalidAdapter(Sentence("%(file)s is too large when it is unpacked.", file=file))
