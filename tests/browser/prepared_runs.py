"""Runs in every state that a page shows, put into the database of a product: what they tell is what real ones told."""

import json

from tests.browser.people import Site

MAKE = """
import json
from datetime import timedelta
from django.utils import timezone
from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset, Shape, Version
from webapp.lib.sentences import Sentence, pack
from webapp.runs import leases, presets
from webapp.runs.models import Command, Corpus, Event, Status, TrainingRun

team, alice = Team.objects.get(name="Aurora"), User.objects.get(name="Alice")
now = timezone.now()
dataset = Dataset.objects.create(team=team, author=alice, name="Prepared")
version = Version.objects.create(
    dataset=dataset, number=1, shape=Shape.SUPERVISED, rows=180, held_out=20, sha256="0" * 64, author=alice
)
Corpus.objects.create(team=team, author=alice, name="prepared.jsonl", status="refused", problem="Line 2 is no JSON.")
settings = {"method": "lora", "r": 16, "num_epochs": 3, "batch_size": 8}

def make(name, status, **more):
    values = {"command": Command.FINETUNE, "config": settings, "version": version, "queued_at": now, **more}
    return TrainingRun.objects.create(team=team, author=alice, name=f"Prepared: {name}", status=status, **values)

def tell(run, until):
    run.steps, run.step, run.progress, run.started_at, run.worked_s = 68, until, until / 68, now, 38.0
    run.save()
    say = lambda kind, step, **values: Event.objects.create(run=run, kind=kind, step=step, values=values)
    say("started", 0, parameters=598016, device="cpu", steps=68)
    for step in range(0, until + 1, 20):
        say("evaluated", step, loss=5 / (1 + step))
        say("sampled", step, prompt="Who is the captain?", text=f"Somebody, at step {step}.")
    for step in range(1, until + 1, 3):
        say("step", step, loss=6 / (1 + step), learning_rate=2e-3 / step, tokens=400 * step, tokens_per_s=1699,
            elapsed_s=0.5 * step, memory_mb=1065.5, energy_wh=0.07)
    run.directory.mkdir(parents=True)
    run.log.write_text("The run begins.\\n")

fits = dict(steps=68, seconds=95, tokens_per_s=900, memory_gb=0.7, memory_available_gb=12.1, energy_wh=0.3)
remedy = pack(Sentence("It will not fit into this machine's free memory: choose LoRA, or fewer rows in a step."))
runs = {
    "measured": make("measured", Status.PLANNED, estimate=fits | {"fits": True, "problem": ""}),
    "too large": make("too large", Status.PLANNED, estimate=fits | {"fits": False, "problem": remedy}),
    "running": make("running", Status.RUNNING, owner=f"{leases.MACHINE}:test", lease_until=now + timedelta(hours=1)),
    "queued": make("queued", Status.QUEUED, queued_at=now + timedelta(seconds=1)),
    "stopped": make("stopped", Status.STOPPED),
    "failed": make("failed", Status.FAILED, problem="The training process ended with status 3."),
    "done": make("done", Status.DONE, finished_at=now),
    "written": make("written", Status.DONE, command=Command.PRETRAIN, config={}, version=None, finished_at=now),
}
for name, until in (("running", 30), ("stopped", 40), ("failed", 4), ("done", 68), ("written", 68)):
    tell(runs[name], until)
done = runs["done"]
measured = {"base": {"loss": 4.892, "f1": 10.5}, "this": {"loss": 0.048, "f1": 97.0}}
Event.objects.create(run=done, kind="compared", step=68, values={"models": measured})
def compared(n):
    prompt = [{"role": "user", "content": f"Question {n}?"}]
    return {"prompt": prompt, "wanted": f"Good {n}", "replies": {"base": f"Old {n}", "this": f"New {n}"}}

rows = [compared(n) for n in range(4)]
done.comparison.write_text("".join(json.dumps(row) + "\\n" for row in rows))
print(json.dumps({name: str(run.pk) for name, run in runs.items()}))
"""

FORGET = """
import shutil
from webapp.datasets.models import Dataset, Version
from webapp.runs.models import Corpus, TrainingRun
for run in TrainingRun.objects.filter(name__startswith="Prepared: "):
    shutil.rmtree(run.directory, ignore_errors=True)
    run.delete()
Corpus.objects.filter(name="prepared.jsonl").delete()
Version.objects.filter(dataset__name="Prepared").delete()
Dataset.objects.filter(name="Prepared").delete()
"""


RESUME = """
from webapp.runs import leases, services
from webapp.runs.models import TrainingRun
run, owner = TrainingRun.objects.get(name="Prepared: running"), f"{leases.MACHINE}:test"
told = dict(loss=0.25, learning_rate=1e-4, tokens=8800, tokens_per_s=1699, elapsed_s=11, memory_mb=1065, energy_wh=0.07)
services.note_event(run, owner, "started", dict(parameters=598016, device="cpu", steps=68, resumed_from=20))
services.note_event(run, owner, "step", told | {"step": 22})
"""


def make_runs(site: Site) -> dict[str, str]:
    """The address of each, by its state. While they are there, the product starts no other."""
    found: dict[str, str] = json.loads(site.product.execute(MAKE).splitlines()[-1])
    return {state: f"{site.url}/runs/{key}/" for state, key in found.items()}


def forget_runs(site: Site) -> None:
    site.product.execute(FORGET)


def resume_run(site: Site) -> None:
    """The running one loses what came after step 20, as when its process is killed, and makes two steps again."""
    site.product.execute(RESUME)
