"""The adapter store: LoRA adapters as versions that are never written again.

A version is a directory named by the SHA-256 of its files: it is copied, checked, made read-only and moved in by one
rename, so that it is there whole or not at all, and the same adapter is stored once. Engines call it
`slug@<first 12 digits>`; what a user typed is at most the slug. vLLM keys its cache by the path, so a path that changed
its content would answer with stale cache: here no path ever does.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .lora import AdapterInfo, InvalidAdapter, digest, validate
from .sentences import Sentence
from .versions import CONFIG, WEIGHTS, version_name

__all__ = ["AdapterInfo", "AdapterStore", "InvalidAdapter", "validate", "version_name"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


class AdapterStore:
    """root: a directory on a file system that every engine sees under the same path."""

    def __init__(self, root: str | os.PathLike[str]):
        self.root = Path(root).absolute()

    def add(self, source: Path, base_model_dir: Path, max_rank: int, extra: tuple[str, ...] = ()) -> AdapterInfo:
        """Store the adapter in `source` and return what is known of it; storing it twice is storing it once.

        extra: files of `source` to keep beside it, such as run.json. Raises InvalidAdapter; then nothing is stored.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self.root))
        try:
            _copy(source, staging, (CONFIG, WEIGHTS, *extra))
            info = validate(staging, base_model_dir, max_rank)  # the copy: nobody else can change it any more
            self._move_in(staging, info.sha256)
            return info
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def path(self, sha256: str) -> Path:
        """Absolute. Raises FileNotFoundError when there is no such version."""
        place = self._place(sha256)
        if not place.is_dir():
            raise FileNotFoundError(f"There is no adapter version {sha256} in {self.root}.")
        return place

    def versions(self) -> set[str]:
        """The SHA-256 of every version."""
        return {entry.name for entry in self.root.glob("*") if _DIGEST.fullmatch(entry.name)}

    def remove(self, sha256: str) -> None:
        """Forget a version. Unload it everywhere first; removing what is not there is no error."""
        place = self._place(sha256)
        if place.is_dir():
            gone = place.with_name(f".removed-{sha256}-{os.getpid()}")
            place.rename(gone)
            gone.chmod(0o700)
            shutil.rmtree(gone)

    def _place(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256.")
        return self.root / sha256

    def _move_in(self, staging: Path, sha256: str) -> None:
        if sha256 in self.versions() and digest(self._place(sha256)) != sha256:  # a disk that failed
            self.remove(sha256)
        for file in staging.iterdir():
            file.chmod(0o444)
        staging.chmod(0o555)
        try:
            staging.rename(self._place(sha256))
        except OSError:
            staging.chmod(0o700)
            if sha256 not in self.versions():  # else somebody stored the same one before us
                raise
        _flush(self.root)


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    """Only what belongs to an adapter: a trainer leaves pickles and checkpoints beside it."""
    for name in names:
        file = source / name
        if file.is_symlink() or not file.is_file():
            raise InvalidAdapter(
                Sentence("%(name)s is no adapter: it holds no file %(file)s.", name=source.name, file=name)
            )
        shutil.copyfile(file, target / name)
        _flush(target / name)
    _flush(target)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
