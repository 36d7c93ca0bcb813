"""What a planned run will cost, by a few of its real steps: `python -m training estimate`, as a person would ask it."""

import json
import subprocess
from typing import Any

from django.conf import settings

from webapp.lib.sentences import Sentence, heard, pack
from webapp.runs import process, services
from webapp.runs.models import Status, TrainingRun

PATIENCE_S = 600


def estimate(run: TrainingRun) -> None:
    """Measures, and notes what came of it: that it cannot be known is an estimate, too."""
    if run.status == Status.PLANNED:
        services.note_estimate(run, _measure(run))


def _measure(run: TrainingRun) -> dict[str, Any]:
    try:
        done = subprocess.run(
            process.words(run, "estimate"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=settings.BASE_DIR,
            env=process.environment(),
            timeout=PATIENCE_S,
            preexec_fn=process.lowly,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {
            "fits": True,
            "problem": Sentence("A few steps took longer than ten minutes: the run will be very slow."),
        }
    for line in reversed(done.stdout.splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if said.get("event") == "estimated":
            return said | {"problem": pack(heard(said, "problem"))}
        if said.get("event") == "failed":
            return {"fits": False, "problem": pack(heard(said, "reason"))}
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return {"fits": False, "problem": pack(Sentence("The estimate failed: %(reason)s", reason=last[-300:]))}
