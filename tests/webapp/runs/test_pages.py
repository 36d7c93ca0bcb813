"""What the pages of training show: the queue in its order, what was chosen, what a team has left."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from tests.webapp.people import client_of
from tests.webapp.runs.conftest import Upload
from webapp.accounts.models import Team, User
from webapp.runs import curves, lesson_form, logs, services, uploads
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


def test_a_run_from_scratch_is_made_once_more_with_changes(
    page: Client, team: Team, alice: User, upload: Upload
) -> None:
    first, second = upload(name="first.txt"), upload(name="second.txt")
    upload(name="third.txt")
    asked = {
        "name": "Tales",
        "corpora": [str(first.pk), str(second.pk)],
        "size": "small",
        "minutes": "240",
        "seed": "7",
    }
    made = page.post("/runs/new/", asked).url
    run = TrainingRun.objects.get()
    assert "Once more, with changes" not in page.get(made).content.decode()  # it is not over
    services.stop_run(run)
    assert f'href="/runs/new/?again={run.pk}"' in page.get(made).content.decode()

    again = page.get(f"/runs/new/?again={run.pk}")
    form = again.context["form"]
    assert {name: str(form[name].value()) for name in ("name", "size", "minutes", "seed")} == {
        name: asked[name] for name in ("name", "size", "minutes", "seed")
    }
    assert set(again.context["chosen"]) == {str(first.pk), str(second.pk)}
    assert "removed since" not in again.content.decode()


def test_a_run_whose_files_were_removed_says_so_when_it_is_made_once_more(
    page: Client, team: Team, alice: User, upload: Upload
) -> None:
    first, second = upload(name="first.txt"), upload(name="second.txt")
    config = uploads.configuration("tiny", [first, second], minutes=10, seed=0)
    run = services.create_run(team=team, author=alice, name="Tales", config=config, corpora=[first, second])
    services.stop_run(run)
    uploads.delete_corpus(first)

    again = page.get(f"/runs/new/?again={run.pk}")
    assert again.context["chosen"] == [str(second.pk)]
    assert "1 file that it learnt from has been removed since." in again.content.decode()


@pytest.mark.parametrize("again", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_form_that_is_to_be_filled_as_no_known_run_was_is_fresh(page: Client, upload: Upload, again: str) -> None:
    newest = upload()

    fresh = page.get(f"/runs/new/?again={again}")
    assert fresh.context["chosen"] == [str(newest.pk)]
    assert fresh.context["form"]["size"].value() == "tiny"


def test_nobody_fills_the_form_from_the_run_of_another_team(charlie: User, run: TrainingRun) -> None:
    assert "Tales" not in client_of(charlie).get(f"/runs/new/?again={run.pk}").content.decode()


def test_a_run_of_no_preset_leaves_the_size_to_be_chosen(page: Client, run: TrainingRun) -> None:
    form = page.get(f"/runs/new/?again={run.pk}").context["form"]

    assert (form["name"].value(), form["size"].value(), form["minutes"].value()) == ("Tales", "tiny", 10)


def test_the_log_of_a_run_at_work_is_told_on_from_where_the_page_has_it(page: Client, run: TrainingRun) -> None:
    TrainingRun.objects.update(status=Status.RUNNING)
    run.directory.mkdir(parents=True)
    run.log.write_text("".join(f"line {n}\n" for n in range(30)) + "half a li")
    shown = page.get(f"/runs/{run.pk}/")
    assert shown.context["log"].text == "".join(f"line {n}\n" for n in range(10, 30))
    end = shown.context["log"].end
    assert f'hx-get="/runs/{run.pk}/log/?after={end}" hx-trigger="every 3s"' in shown.content.decode()

    assert page.get(f"/runs/{run.pk}/log/?after={end}").status_code == 204
    with run.log.open("a") as log:
        log.write("ne <b>雪</b>\n")
    more = page.get(f"/runs/{run.pk}/log/?after={end}")
    assert ">half a line &lt;b&gt;雪&lt;/b&gt;\n</div>" in more.content.decode()
    assert page.get(f"/runs/{run.pk}/log/?after={more.context['log'].end}").status_code == 204

    TrainingRun.objects.update(status=Status.DONE)
    assert "every 3s" not in page.get(f"/runs/{run.pk}/log/?after={end}").content.decode()


def test_of_much_that_was_logged_the_page_gets_the_end_in_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"the snow, 雪, fell {n} times\n" for n in range(2000)))

    piece = logs.lines_after(log, 30)
    assert len(piece.text.encode()) <= logs.LAST_BYTES
    assert piece.text.startswith("the snow")
    assert piece.text.endswith("1999 times\n")
    assert piece.end == log.stat().st_size
    assert not logs.lines_after(tmp_path / "none.txt", 5)
