"""Teaching a model: planned, estimated, started; judged by people; within what the team may use."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation

from tests.webapp import chinese
from tests.webapp.people import client_of
from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset, Shape, Version
from webapp.runs import estimates, judging, leases, lesson_form, services, yielding
from webapp.runs.models import Status, TrainingRun, Winner

pytestmark = pytest.mark.django_db

LESSON = {"method": "lora", "num_epochs": 3, "batch_size": 8, "max_length": 256, "r": 16, "lora_alpha": 32}
LESSON |= {"early_stopping_patience": 3, "seed": 0, "beta": 0.1, "packing": "on"}


@pytest.fixture
def version(team: Team, alice: User) -> Version:
    dataset = Dataset.objects.create(team=team, author=alice, name="Greetings")
    row = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ahoy!"}]}
    made = Version.objects.create(
        dataset=dataset, number=1, shape=Shape.SUPERVISED, rows=9, held_out=1, sha256="0" * 64, author=alice
    )
    made.directory.mkdir(parents=True)
    made.train.write_text((json.dumps(row) + "\n") * 9)
    made.measured.write_text(json.dumps(row) + "\n")
    return made


@pytest.fixture
def planned(team: Team, alice: User, version: Version) -> TrainingRun:
    return services.plan_run(team=team, author=alice, name="Greetings", config={"method": "lora"}, version=version)


@pytest.fixture
def compared(planned: TrainingRun) -> TrainingRun:
    planned.directory.mkdir(parents=True)
    rows = [
        {
            "prompt": [{"role": "user", "content": f"Question {n}"}],
            "wanted": "",
            "replies": {"base": f"old {n}", "this": f"new {n}"},
        }
        for n in range(40)
    ]
    rows[3]["replies"]["this"] = rows[3]["replies"]["base"]
    planned.comparison.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return planned


def form(team: Team, version: Version, **changes: object) -> lesson_form.LessonForm:
    asked = {"name": "Greetings", "version": version.pk, "base": "served", **LESSON, **changes}
    return lesson_form.LessonForm(asked, team=team)


def test_a_planned_run_waits_until_somebody_says_yes(planned: TrainingRun) -> None:
    assert leases.claim_next(f"{leases.MACHINE}:test") is None

    services.start_run(planned)
    claimed = leases.claim_next(f"{leases.MACHINE}:test")
    assert claimed == planned


def test_a_run_that_will_not_fit_is_refused_with_the_remedy(planned: TrainingRun) -> None:
    services.note_estimate(planned, {"fits": False, "problem": "It needs 40 GB: halve the rows in a step."})
    planned.refresh_from_db()

    with pytest.raises(services.Refused, match="halve the rows"):
        services.start_run(planned)
    planned.refresh_from_db()
    assert planned.status == Status.PLANNED


def test_an_estimate_that_comes_too_late_changes_nothing(planned: TrainingRun) -> None:
    services.start_run(planned)
    services.note_estimate(planned, {"fits": False, "problem": "too large"})
    planned.refresh_from_db()

    assert (planned.status, planned.estimate) == (Status.QUEUED, None)


def test_a_team_that_has_used_its_minutes_starts_no_further_run(planned: TrainingRun, settings) -> None:
    settings.TRAINING_MINUTES_PER_TEAM = 10
    TrainingRun.objects.create(
        team=planned.team, name="Long", config={}, status=Status.DONE, worked_s=601, started_at=timezone.now()
    )

    with pytest.raises(services.Refused, match="10 minutes"):
        services.start_run(planned)


def test_the_form_makes_what_the_command_reads(team: Team, version: Version) -> None:
    asked = form(team, version)

    assert asked.is_valid(), asked.errors
    config = asked.configuration()
    assert Path(config["base"], "config.json").is_file()
    assert (config["shape"], config["r"], config["train"]) == ("supervised", 16, "train.jsonl")
    assert "learning_rate" not in config  # the command knows what suits


def test_the_form_proposes_a_version_and_a_name(team: Team, alice: User, version: Version) -> None:
    def proposed(address: str) -> tuple[int, str]:
        initial = client_of(alice).get(address).context["form"].initial
        return initial["version"], initial["name"]

    assert proposed("/runs/teach/") == (version.pk, "Greetings")
    services.plan_run(team=team, author=alice, name="Greetings", config={"method": "lora"}, version=version)
    assert proposed(f"/runs/teach/?version={version.pk}") == (version.pk, "Greetings 2")


def test_pairs_are_not_learnt_by_the_whole_model(team: Team, version: Version) -> None:
    Version.objects.update(shape=Shape.PREFERENCE)
    version.refresh_from_db()
    asked = form(team, version, method="full")

    assert not asked.is_valid()
    assert "LoRA" in asked.errors["method"][0]


def test_a_version_of_another_team_is_not_on_offer(team: Team, version: Version, alice: User) -> None:
    other = Team.objects.create(name="Borealis")

    assert not form(other, version).is_valid()


def test_nobody_learns_from_the_order_which_answer_is_whose(compared: TrainingRun, alice: User) -> None:
    sides = {duel.left_is_this for duel in judging.duels(compared, alice, "base")}

    assert len(sides) == 2


def test_equal_answers_need_no_judge(compared: TrainingRun, alice: User) -> None:
    assert [duel.number for duel in judging.duels(compared, alice, "base")][:5] == [0, 1, 2, 4, 5]


def test_a_judgement_counts_for_the_model_and_not_for_the_side(compared: TrainingRun, alice: User) -> None:
    for duel in list(judging.duels(compared, alice, "base")):
        choice = "left" if duel.left_is_this else "right"
        judging.judge(compared, alice, against="base", number=duel.number, choice=choice)

    rate = judging.win_rate(compared, "base")
    assert rate
    assert (rate.judged, rate.wins, rate.rate) == (39, 39, 1.0)
    assert rate.low == pytest.approx(0.910, abs=0.001)
    assert rate.high == pytest.approx(1.0)
    assert not list(judging.duels(compared, alice, "base"))


def test_who_judges_a_row_twice_has_said_one_thing(compared: TrainingRun, alice: User) -> None:
    judging.judge(compared, alice, against="base", number=0, choice="left")
    judging.judge(compared, alice, against="base", number=0, choice="tie")

    assert [judgement.winner for judgement in compared.judgements.all()] == [Winner.TIE]


def test_judging_goes_from_pair_to_pair(compared: TrainingRun, alice: User, client: Client) -> None:
    client.force_login(alice)
    address = f"/runs/{compared.pk}/judge/?against=base"
    page = client.get(address).content.decode()
    assert "Question 0" in page
    assert "base" not in page.partition("<form")[2].partition("</form>")[0]  # whose is whose

    client.post(address, {"number": "0", "choice": "left"})
    assert "Question 1" in client.get(address).content.decode()


def judged(run: TrainingRun, person: User) -> dict[int, str]:
    return dict(run.judgements.filter(author=person).values_list("number", "winner"))


def test_a_judgement_is_taken_back_and_the_pair_judged_otherwise(
    compared: TrainingRun, alice: User, anna: User
) -> None:
    judging.judge(compared, anna, against="base", number=0, choice="tie")
    browser, address = client_of(alice), f"/runs/{compared.pk}/judge/?against=base"
    assert 'value="undo"' not in browser.get(address).content.decode()
    for number in ("0", "1"):
        browser.post(address, {"number": number, "choice": "left"})
    first = judged(compared, alice)
    page = browser.get(address).content.decode()
    assert "Question 2" in page
    assert "The pair before: A is better." in page

    for _ in range(2):  # pressed twice: one is taken back
        page = browser.post(address, {"number": "1", "choice": "undo"}, follow=True).content.decode()
    assert "Question 1" in page
    assert judged(compared, alice) == {0: first[0]}
    browser.post(address, {"number": "1", "choice": "right"})
    assert judged(compared, alice) == {0: first[0], 1: Winner.OTHER if first[1] == Winner.THIS else Winner.THIS}
    assert judged(compared, anna) == {0: Winner.TIE}


def test_the_win_rate_follows_what_is_taken_back(compared: TrainingRun, alice: User, anna: User) -> None:
    for person in (alice, anna):
        judging.judge(compared, person, against="base", number=0, choice="tie")
    before = judging.win_rate(compared, "base")
    duel = next(judging.duels(compared, alice, "base"))
    choice = "left" if duel.left_is_this else "right"
    judging.judge(compared, alice, against="base", number=duel.number, choice=choice)
    assert judging.win_rate(compared, "base") != before
    assert judging.last_said(compared, alice, "base") == judging.Said(duel.number, choice)

    assert judging.take_back(compared, alice, against="base", number=duel.number)
    assert judging.win_rate(compared, "base") == before
    assert judging.last_said(compared, alice, "base") == judging.Said(0, "tie")
    assert not judging.take_back(compared, alice, against="base", number=duel.number)


def test_what_was_judged_last_is_what_is_taken_back_whatever_its_row(compared: TrainingRun, alice: User) -> None:
    for number in (5, 0, 5):
        judging.judge(compared, alice, against="base", number=number, choice="right")

    assert judging.last_said(compared, alice, "base") == judging.Said(5, "right")
    assert judging.last_said(compared, alice, "in_service") is None


def test_people_who_wait_are_those_whose_replies_are_interactive() -> None:
    from inference.messages import Priority
    from webapp.generation.models import Generation

    waiting = Generation.objects.create(channel="c", model="m", prompt=[], priority=Priority.BATCH)
    assert not yielding.people_wait()
    Generation.objects.filter(pk=waiting.pk).update(priority=Priority.INTERACTIVE)
    assert yielding.people_wait()


def test_every_remedy_of_the_command_is_said_in_the_readers_language() -> None:
    from training.estimate import _remedy
    from training.finetune_config import FinetuneConfig

    asked = ({"method": "full"}, {"batch_size": 8}, {"batch_size": 1})
    said = {_remedy(FinetuneConfig(base="x", **values)) for values in asked}
    assert len(said) == 3
    assert [chinese.english_in(remedy) for remedy in said] == [[], [], []]


def test_a_plan_that_cannot_be_is_refused_in_the_readers_language(planned: TrainingRun, alice: User) -> None:
    planned.config = {"base": str(settings.BUILTIN_MODEL), "shape": "supervised", "learning_rate": 1, "seed": -1}
    estimates.estimate(planned)
    planned.refresh_from_db()

    assert planned.estimate
    assert not planned.estimate["fits"]
    read = chinese.page(alice, f"/runs/{planned.pk}/")
    assert "字段 learning_rate 的值是 1：必须小于 1。字段 seed 的值是 -1：不能小于 0。" in read
    with translation.override("en"), pytest.raises(services.Refused, match="learning_rate is 1: input should be less"):
        services.start_run(planned)


def test_an_estimate_that_was_kept_before_is_shown(planned: TrainingRun, alice: User) -> None:
    services.note_estimate(planned, {"fits": False, "problem": "rows.jsonl is 100 % empty."})

    assert "rows.jsonl is 100 % empty." in chinese.page(alice, f"/runs/{planned.pk}/")
