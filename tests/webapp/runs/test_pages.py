"""What the pages of training show: the queue in its order, what was chosen, what a team has left."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.webapp.people import client_of
from tests.webapp.runs.conftest import Upload
from webapp.accounts.models import Team, User
from webapp.runs import curves, lesson_form
from webapp.runs.models import Event, Status, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(alice: User) -> Client:
    return client_of(alice)


def make(team: Team, name: str, status: Status, minutes_ago: int = 0, **more) -> TrainingRun:
    then = timezone.now() - timedelta(minutes=minutes_ago)
    return TrainingRun.objects.create(
        team=team, name=name, config={}, status=status, created_at=then, queued_at=then, **more
    )


def test_a_list_without_runs_offers_teaching_first(page: Client, team: Team) -> None:
    text = page.get("/runs/").content.decode()

    assert text.index("Teach a model") < text.index("Train from scratch")


def test_the_queue_comes_first_in_its_order_and_then_the_newest(page: Client, team: Team) -> None:
    make(team, "Old one", Status.DONE, 50)
    make(team, "Resumed", Status.QUEUED, 40)
    TrainingRun.objects.filter(name="Resumed").update(queued_at=timezone.now())
    make(team, "Waits", Status.QUEUED, 10)
    make(team, "Works", Status.RUNNING, 20)
    make(team, "New one", Status.FAILED, 5)

    runs = list(page.get("/runs/").context["page"])

    assert [run.name for run in runs] == ["Works", "Waits", "Resumed", "New one", "Old one"]
    assert [run.ahead for run in runs[:3]] == [0, 1, 2]


def test_a_run_that_is_stopped_in_the_list_leaves_one_there(page: Client, team: Team) -> None:
    run = make(team, "Waits", Status.QUEUED)

    assert page.post(f"/runs/{run.pk}/stop/", {"back": "1"}).url == "/runs/"
    run.refresh_from_db()
    assert run.status == Status.STOPPED


def test_the_files_that_were_chosen_stay_chosen_when_something_else_is_wrong(page: Client, upload: Upload) -> None:
    first, second = upload(name="first.txt"), upload(name="second.txt")

    assert page.get("/runs/new/").context["chosen"] == [str(second.pk)]
    refused = page.post("/runs/new/", {"corpora": [str(first.pk)], "size": "tiny", "minutes": "1", "seed": "0"})
    assert refused.status_code == 422
    assert refused.context["chosen"] == [str(first.pk)]


def test_the_list_of_files_keeps_what_is_ticked_while_another_is_checked(page: Client, upload: Upload) -> None:
    first, second = upload(name="first.txt"), upload(name="second.txt")

    text = page.get(f"/runs/new/files/list/?corpora={first.pk}").content.decode()

    assert [line for line in text.splitlines() if "checked" in line] == [
        line for line in text.splitlines() if f'value="{first.pk}"' in line
    ]
    assert str(second.pk) in text


@pytest.mark.parametrize("address", ["/runs/", "/runs/new/", "/runs/teach/"])
def test_a_team_reads_what_it_has_left_of_its_minutes(page: Client, team: Team, settings, address: str) -> None:
    settings.TRAINING_MINUTES_PER_TEAM = 60
    make(team, "Long", Status.DONE, worked_s=600, started_at=timezone.now())
    assert "has 50 of its 60 minutes" in page.get(address).content.decode()

    TrainingRun.objects.update(worked_s=3600)
    assert "has used its 60 minutes" in page.get(address).content.decode()


def test_a_finished_run_says_its_last_step_though_that_was_not_told_as_one(team: Team) -> None:
    run = make(team, "Short", Status.DONE, steps=68, step=65)
    for kind, step in (("evaluated", 0), ("step", 65), ("evaluated", 68)):
        Event.objects.create(run=run, kind=kind, step=step, values={"step": step, "loss": 2.0, "learning_rate": 0.1})

    assert curves.facts(run)["step"] == 68
    assert curves.of(run)["base"] == [[0, 2.0], [68, 2.0]]


def test_a_run_is_told_from_the_next_by_its_settings() -> None:
    assert lesson_form.summary({"method": "lora", "r": 16, "num_epochs": 1.5, "batch_size": 8}) == [
        "LoRA, r 16",
        "1.5 epochs",
        "8 rows in a step",
    ]
    assert lesson_form.summary({"method": "full", "num_epochs": 1, "batch_size": 1}) == [
        "all of the weights",
        "1 epoch",
        "1 row in a step",
    ]
