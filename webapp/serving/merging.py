"""An adapter and its base as one full model: `python -m training merge`, as a person would type it."""

import fcntl
import json
import os
import shutil
import subprocess
import sys

from django.conf import settings

from webapp.lib.sentences import Sentence, heard
from webapp.serving.files import base_version, directory
from webapp.serving.models import Adapter, Merging

PATIENCE_S = 3600


def merge(adapter: Adapter) -> None:
    """One at a time on a machine: each holds a whole model in memory. What finds it busy waits for a later look."""
    place = adapter.merged.parent
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        problem = _merge(adapter)
    known = {"merging": Merging.FAILED if problem else Merging.DONE, "merge_problem": problem}
    Adapter.objects.filter(pk=adapter.pk, merging=Merging.WANTED).update(**known)


def _merge(adapter: Adapter) -> str:
    """Empty, or why it failed. The model appears whole or not at all."""
    if adapter.base != base_version():
        return Sentence("It was made for another base model than the one in service.")
    partial = adapter.merged.with_name(f".{adapter.pk}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    source = directory(adapter.sha256)
    words = [sys.executable, "-m", "training", "merge", settings.MODEL, str(source), "--out", str(partial)]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, cwd=settings.BASE_DIR, env=_environment(),
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Sentence("Merging took longer than an hour and was ended.")
    if done.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        return _reason(done)
    shutil.rmtree(adapter.merged, ignore_errors=True)
    partial.rename(adapter.merged)
    return ""


def _environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def _reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    for line in reversed(done.stdout.splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("event") == "failed":
            return heard(said, "reason")
    return done.stderr.decode(errors="replace").strip().rpartition("\n")[2][-300:] or Sentence("Merging failed.")
