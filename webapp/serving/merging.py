"""An adapter and its base as one full model: `python -m training merge`, as a person would type it."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import OperationalError, close_old_connections

from webapp.lib.sentences import Sentence, heard
from webapp.runs.process import lowly
from webapp.serving.files import base_version, directory
from webapp.serving.models import Adapter, Merging

PATIENCE_S = 3600.0
LOOK_S = 1.0  # how often somebody's wish to stop is heard


class Unwanted(Exception):
    """Somebody stopped it, or deleted the adapter."""


def merge(adapter: Adapter) -> None:
    """One at a time on a machine: each holds a whole model in memory. What finds it busy waits for a later look."""
    place = adapter.merged.parent
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _merge(adapter, place / f".{adapter.pk}.partial")


def _merge(adapter: Adapter, partial: Path) -> None:
    """The model appears whole or not at all."""
    try:
        problem = _made(adapter, partial)
        if not problem:
            shutil.rmtree(adapter.merged, ignore_errors=True)
            partial.rename(adapter.merged)
        known = {"merging": Merging.FAILED if problem else Merging.DONE, "merge_problem": problem}
        if not _note(adapter, **known):
            shutil.rmtree(adapter.merged, ignore_errors=True)
    except Unwanted:
        pass
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _made(adapter: Adapter, partial: Path) -> str:
    """Empty, or why it failed. Raises Unwanted."""
    if adapter.base != base_version():
        return Sentence("It was made for another base model than the one in service.")
    shutil.rmtree(partial, ignore_errors=True)
    source = directory(adapter.sha256)
    words = [sys.executable, "-m", "training", "merge", settings.MODEL, str(source), "--out", str(partial)]
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, cwd=settings.BASE_DIR,
            env=_environment(), preexec_fn=lowly,
        )  # fmt: skip
        try:
            return _outcome(adapter, process, told)
        finally:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def _outcome(adapter: Adapter, process: "subprocess.Popen[bytes]", told: IO[bytes]) -> str:
    """Empty, or why it failed; the page hears meanwhile how far it is. Raises Unwanted."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            code = process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            if not _note(adapter, merge_part=_part(told)):
                raise Unwanted from None
        else:
            return _reason(code, told) if code else ""
    return Sentence("Merging took longer than an hour and was ended.")


def _note(adapter: Adapter, **known: object) -> bool:
    """Whether it is still wanted. While the database is away it is."""
    try:
        return bool(Adapter.objects.filter(pk=adapter.pk, merging=Merging.WANTED).update(**known))
    except OperationalError:
        close_old_connections()
        return True


def _part(told: IO[bytes]) -> int:
    """Which of its parts it is at; the first, while it has not said."""
    return max((event.get("part", 1) for event in _events(told)), default=1)


def _reason(code: int, told: IO[bytes]) -> str:
    for event in _events(told):
        if event.get("event") == "failed":
            return heard(event, "reason")
    if code < 0:
        name = signal.Signals(-code).name
        return Sentence("Its process was killed (%(signal)s), most likely for want of memory.", signal=name)
    return Sentence("Its process ended with status %(code)s.", code=code)


def _events(told: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in _read(told).splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def _read(told: IO[bytes]) -> bytes:
    """All of it, without moving the place at which the command writes."""
    return os.pread(told.fileno(), os.fstat(told.fileno()).st_size, 0)
