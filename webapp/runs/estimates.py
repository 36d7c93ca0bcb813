"""What a planned run will cost, by a few of its real steps: `python -m training estimate`, as a person would ask it."""

import json
import subprocess
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from webapp.runs import process, services
from webapp.runs.models import Status, TrainingRun

PATIENCE_S = 600
REMEDIES = (  # training/estimate.py's, where a run does not fit: to be said in the reader's language
    gettext_noop("It will not fit into this machine's free memory: choose LoRA, or fewer rows in a step."),
    gettext_noop(
        "It will not fit into this machine's free memory: halve the rows in a step, or shorten the longest row."
    ),
    gettext_noop("It will not fit into this machine's free memory: shorten the longest row, or teach a smaller model."),
)


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
        return {"fits": True, "problem": _("A few steps took longer than ten minutes: the run will be very slow.")}
    for line in reversed(done.stdout.splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if said.get("event") == "estimated":
            return said
        if said.get("event") == "failed":
            return {"fits": False, "problem": said.get("reason", "")}
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return {"fits": False, "problem": _("The estimate failed: %(reason)s") % {"reason": last[-300:]}}
