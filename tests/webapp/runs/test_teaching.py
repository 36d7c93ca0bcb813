"""A run that teaches the built-in model, with the real command, and what kills it."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client

from inference.adapters import validate
from tests.tiny_llama import write_adapter
from tests.webapp.runs.test_work import command_of, meanwhile, wait_for_command, wait_for_step, work
from tests.webapp.serving.conftest import serve
from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset, Shape, Version
from webapp.runs import estimates, lesson_form, outcome, services
from webapp.runs.models import Status, TrainingRun
from webapp.serving import admission
from webapp.serving import services as serving
from webapp.serving.models import Adapter, NamedModel

pytestmark = pytest.mark.django_db(transaction=True)
ROW = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ahoy!"}]}
ENDLESS = 100_000
Put = Callable[..., Path]


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


def test_what_is_killed_while_it_is_compared_is_compared_again_and_then_done(run: TrainingRun) -> None:
    assert run.version
    run.version.measured.write_text((json.dumps(ROW) + "\n") * 40)
    services.start_run(run)
    killing = meanwhile(lambda: wait_for_step(run, 3), lambda: command_of(run).kill())
    killed = work()
    killing.join()
    assert killed
    assert (killed.status, killed.step, killed.result.exists()) == (Status.QUEUED, 3, False)
    done = work()

    assert done
    assert (done.status, done.step) == (Status.DONE, 3)
    assert [values["resumed_from"] for values in told(done, "started")] == [None, 3]
    assert [values["rows"] for values in told(done, "compared")] == [40]
    assert validate(done.result, product.BUILTIN_MODEL, 64).rank == 16


def test_what_is_killed_again_and_again_fails_and_says_so_with_its_last_lines(
    run: TrainingRun, alice: User, client: Client
) -> None:
    lengthen(run, ENDLESS)
    services.start_run(run)
    TrainingRun.objects.update(breaks=3)
    killing = meanwhile(lambda: wait_for_command(run), lambda: command_of(run).kill())
    failed = work()
    killing.join()

    assert failed
    assert failed.status == Status.FAILED
    client.force_login(alice)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "The training process was killed (SIGKILL) several times, most likely for want of memory." in page
    assert "UTC] The training process was killed (SIGKILL)." in page
    assert work() is None  # nobody tries it for ever


def told(run: TrainingRun, kind: str) -> list[dict[str, Any]]:
    return list(run.events.filter(kind=kind).order_by("pk").values_list("values", flat=True))


@pytest.fixture
def put(team: Team, alice: User, settings, tmp_path: Path) -> Put:
    """put("Support") gives the directory of an adapter that now serves under that name."""
    settings.ADAPTERS_DIR = tmp_path / "adapters"

    def put(name: str, run: TrainingRun | None = None) -> Path:
        number = Adapter.objects.count()
        adapter = Adapter.objects.create(team=team, author=alice, name=f"adapter {number}")
        adapter.upload.parent.mkdir(parents=True, exist_ok=True)
        write_adapter(adapter.upload, product.BUILTIN_MODEL, seed=number)
        admission.check(adapter)
        Adapter.objects.filter(pk=adapter.pk).update(run=run)
        adapter.refresh_from_db()
        known = NamedModel.objects.filter(name=name).first()
        serve(known or serving.create_model(team=team, name=name, teams=[team]), adapter, alice)
        return admission.store().path(adapter.sha256)

    return put


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


def teach(run: TrainingRun, name: str) -> TrainingRun:
    """Planned by the form, to be put in service under that name, and done."""
    key = NamedModel.objects.get(name=name).slug
    asked = {
        "name": "Lesson", "version": run.version_id, "base": "served", "goes_to": key, "method": "full", "seed": 0,
        "num_epochs": 3, "batch_size": 8, "max_length": 64, "r": 8, "lora_alpha": 16, "early_stopping_patience": 0,
    }  # fmt: skip
    form = lesson_form.LessonForm(asked, team=run.team)
    assert form.is_valid(), form.errors
    assert run.version
    planned = services.plan_run(
        team=run.team, author=run.author, name="Lesson", config=form.configuration(), version=run.version,
        goes_to=form.place,
    )  # fmt: skip
    services.start_run(planned)
    return planned


def test_a_fully_trained_run_is_compared_with_the_version_that_serves_under_its_name(
    run: TrainingRun, put: Put
) -> None:
    before = put("Support")
    teach(run, "Support")
    meanwhile_served = put("Support")
    other = put("Translator")
    done = work()

    assert done
    assert (done.status, done.problem) == (Status.DONE, "")
    assert done.config["compare_with"] == str(meanwhile_served) not in (str(before), str(other))
    assert done.config["compare_base"] == str(product.MODEL)
    [loss] = [measure for measure in outcome.of(done)["measures"] if measure.name == "loss"]
    assert loss.in_service not in (None, loss.base, loss.this)
    assert [name for name, _ in outcome.of(done)["duels"]] == ["base", "in_service"]


def test_a_name_out_of_service_leaves_the_model_in_service_to_compare_with(
    run: TrainingRun, put: Put, alice: User
) -> None:
    put("Support")
    teach(run, "Support")
    serving.take_out(model=NamedModel.objects.get(), author=alice)
    done = work()

    assert done
    [loss] = [measure for measure in outcome.of(done)["measures"] if measure.name == "loss"]
    assert loss.in_service == loss.base != loss.this
    assert [name for name, _ in outcome.of(done)["duels"]] == ["base"]


def test_the_form_asks_among_the_first_things_under_which_name_it_is_to_serve(
    run: TrainingRun, put: Put, alice: User, client: Client
) -> None:
    client.force_login(alice)
    assert "To be put in service as" not in client.get("/runs/teach/").content.decode()  # there is no choice

    put("Support")
    page = client.get("/runs/teach/").content.decode()
    assert page.index("To be put in service as") < page.index("More settings")
    assert page.count("To be put in service as") == 1
    assert "To be put in service as</label>" in page.replace("\n", "").replace(" <", "<")  # "A new name" is a choice


def test_the_name_that_is_proposed_learnt_from_the_same_rows(run: TrainingRun, put: Put) -> None:
    put("Support", run)
    put("Translator")

    def proposed(**begun: object) -> str:
        form = lesson_form.LessonForm(team=run.team, initial=begun)
        return str(form.get_initial_for_field(form.fields["goes_to"], "goes_to"))

    names = dict(NamedModel.objects.values_list("name", "slug"))
    assert proposed() == names["Translator"]
    assert proposed(version=run.version_id) == names["Support"]
    assert proposed(version=str(run.version_id)) == names["Support"]
    assert proposed(version="no number") == names["Translator"]
    assert proposed(version=run.version_id, goes_to="") == ""


def test_who_has_nothing_in_service_is_asked_for_no_name(run: TrainingRun) -> None:
    assert "goes_to" not in lesson_form.LessonForm(team=run.team).fields


def test_a_run_that_is_repeated_with_changes_begins_where_it_did(run: TrainingRun) -> None:
    services.start_run(run)
    first = work()
    assert first
    begun = {**run.config, "start_from": str(first.result)}
    form = lesson_form.LessonForm(team=run.team, initial=begun)

    assert (form["base"].value(), form["start_from"].value()) == ("served", str(first.pk))
