"""How an adapter comes into the store: a worker checks what a run made or somebody brought, and keeps it whole."""

import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from django.conf import settings

from inference.adapters import AdapterInfo, AdapterStore, InvalidAdapter
from inference.models import is_local, version_of
from inference.versions import CONFIG, WEIGHTS
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
        known: dict[str, object] = {"status": Checked.REFUSED, "problem": said(error)}
    else:
        known = {"status": Checked.READY, "problem": "", "base": base_version(), **_facts(info)}
    Adapter.objects.filter(pk=adapter.pk, status=Checked.CHECKING).update(**known)
    shutil.rmtree(adapter.upload, ignore_errors=True)


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
