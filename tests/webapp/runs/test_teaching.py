"""A run that teaches the built-in model, with the real command, and what kills it."""

import json
import threading

import pytest
from django.conf import settings as product

from inference.adapters import validate
from tests.webapp.runs.test_work import command_of, meanwhile, wait_for_step, work
from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset, Shape, Version
from webapp.runs import estimates, outcome, services
from webapp.runs.models import Status, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)
ROW = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ahoy!"}]}
ENDLESS = 100_000


@pytest.fixture
def run(team: Team, alice: User) -> TrainingRun:
    """Planned: a few rows, four of them in a step, a checkpoint after each."""
    dataset = Dataset.objects.create(team=team, author=alice, name="Greetings")
    version = Version.objects.create(
        dataset=dataset, number=1, shape=Shape.SUPERVISED, rows=8, held_out=1, sha256="0" * 64, author=alice
    )
    version.directory.mkdir(parents=True)
    version.train.write_text((json.dumps(ROW) + "\n") * 8)
    version.measured.write_text(json.dumps(ROW) + "\n")
    config = {"base": str(product.BUILTIN_MODEL), "max_steps": 3, "batch_size": 4, "save_minutes": 0, "log_every": 1}
    return services.plan_run(team=team, author=alice, name="Greetings", config=config, version=version)


def lengthen(run: TrainingRun, steps: int) -> None:
    run.config["max_steps"] = steps
    run.save(update_fields=["config"])


def test_its_cost_is_measured_by_real_steps(run: TrainingRun) -> None:
    estimates.estimate(run)
    run.refresh_from_db()

    assert run.estimate
    assert run.estimate["fits"], run.estimate
    assert (run.estimate["steps"], run.estimate["seconds"] > 0, run.estimate["memory_gb"] > 0.1) == (3, True, True)


def test_it_leaves_an_adapter_that_can_be_served_and_says_how_it_does(run: TrainingRun) -> None:
    services.start_run(run)
    done = work()

    assert done
    assert (done.status, done.problem, done.steps) == (Status.DONE, "", 3)
    assert validate(done.result, product.BUILTIN_MODEL, 64).rank == 16
    told = outcome.of(done)
    assert [row.prompt for row in told["beside"]] == ["Hello"]
    assert {measure.name for measure in told["measures"]} == {"loss", "perplexity"}
    assert told["compared_rows"] == 1


def test_a_killed_process_goes_on_from_its_last_checkpoint(run: TrainingRun) -> None:
    lengthen(run, ENDLESS)
    services.start_run(run)
    killing = meanwhile(lambda: wait_for_step(run, 2), lambda: command_of(run).kill())
    killed = work()
    killing.join()

    assert killed
    assert (killed.status, killed.resumable) == (Status.QUEUED, True)
    went_on = meanwhile(lambda: wait_for_step(run, killed.step + 2), lambda: services.stop_run(run))
    stopped = work(threading.Event())
    went_on.join()
    assert stopped
    assert stopped.status == Status.STOPPED
    resumed = stopped.events.filter(kind="started").order_by("-pk")[0].values["resumed_from"]
    assert resumed >= 2
