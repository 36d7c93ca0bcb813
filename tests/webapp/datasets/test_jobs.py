"""A worker reads, looks through, masks and freezes: one thing at a time, to an end that is told, whatever happens."""

import fcntl

import pytest

from tests.webapp.datasets.conftest import Make, jsonl, talk
from tests.webapp.datasets.test_versions import rows
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.datasets import inspecting, jobs, looking, services
from webapp.datasets.models import Dataset, Job, Review, Shape, Status
from webapp.datasets.progress import Stopped, note

pytestmark = pytest.mark.django_db(transaction=True)


def fresh(dataset: Dataset) -> Dataset:
    return Dataset.objects.get(pk=dataset.pk)


def do(dataset: Dataset, job: Job, **wish: object) -> Dataset:
    services.start(dataset, job, **wish)
    jobs.work(str(dataset.pk))
    return fresh(dataset)


def test_a_dataset_is_looked_through_row_by_row(make: Make) -> None:
    long = talk("Tell me of tea.", "Tea is a leaf that people pour hot water on. " * 100)
    chinese = talk("茶是什么？", "茶是一种叶子，可以泡水喝。请发邮件到zhang@example.com。")
    dataset = do(make([*rows(20), *rows(3), long, chinese]), Job.INSPECT, max_length=256)

    found = dataset.survey
    assert (dataset.job, dataset.problem) == ("", "")
    assert (found["rows"], found["same"], found["cut_rows"]) == (25, 3, 1)
    assert found["tokens"] > found["learned"] > 0
    assert sum(count for _bound, count in found["lengths"]) == 25
    assert found["personal"] == {"email": 1}
    assert dict(found["languages"])["zh-Hans"] == 1
    assert (found["max_length"], found["cut_tokens"] > 0) == (256, True)
    assert dataset.rows.get(number=21).notes["same_as"] == 1
    assert dataset.rows.get(number=25).notes["personal"] == ["email"]
    assert set(dataset.rows.filter(flagged=True).values_list("number", flat=True)) == {21, 22, 23, 24, 25}


def test_rejected_rows_are_not_counted_and_a_change_makes_the_figures_old(make: Make) -> None:
    dataset = make(rows(20))
    dataset.rows.filter(number__lte=5).update(review=Review.REJECTED)
    dataset = do(dataset, Job.INSPECT)
    assert dataset.survey["rows"] == 15
    assert not dataset.survey_is_old

    services.edit_row(dataset.rows.get(number=7), talk("Else?", "Else."))
    assert fresh(dataset).survey_is_old


def test_pairs_and_thumbs_are_looked_through_too(make: Make) -> None:
    ask = [{"role": "user", "content": "What is tea?"}]
    pairs = make([{"prompt": ask, "chosen": "A leaf.", "rejected": "A car.", "task": "chat"}], Shape.PREFERENCE)
    thumbs = make([{"prompt": ask, "completion": "A leaf.", "label": True, "task": "chat"}], Shape.THUMBS)

    for dataset in (pairs, thumbs):
        assert do(dataset, Job.INSPECT).survey["learned"] > 0


def test_masking_masks_every_row_and_counts_anew(make: Make) -> None:
    rows_with = [talk("Who?", f"Anna, anna{n}@example.com, 13812345678, number {n * 7919}.") for n in range(30)]
    dataset = do(make([*rows_with, *rows(5)]), Job.INSPECT)
    assert dataset.survey["personal"] == {"email": 30, "phone": 30}

    dataset = do(dataset, Job.MASK)
    assert dataset.survey["personal"] == {}
    assert dataset.rows.get(number=1).values["messages"][1]["content"] == "Anna, [EMAIL], [PHONE], number 0."
    assert not dataset.rows.filter(notes__has_key="personal").exists()


def test_a_version_that_cannot_be_made_says_why(make: Make) -> None:
    dataset = do(make(rows(2)), Job.FREEZE, share=10)

    assert (dataset.job, dataset.versions.count()) == ("", 0)
    assert "at least 5 accepted rows" in dataset.problem


def test_a_version_knows_who_froze_it(make: Make, anna: User) -> None:
    dataset = do(make(rows(20)), Job.FREEZE, share=20, by=anna.pk)

    version = dataset.versions.get()
    assert (version.author, version.held_out, version.rows) == (anna, 4, 16)


def test_a_file_is_read_and_looked_through_in_one_go(bring) -> None:
    dataset = bring(jsonl(*rows(20)))
    jobs.work(str(dataset.pk))

    dataset = fresh(dataset)
    assert (dataset.status, dataset.job, dataset.survey["rows"]) == (Status.READY, "", 20)
    assert not dataset.upload.exists()


def test_what_breaks_off_is_told_and_leaves_nothing_stuck(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(dataset: Dataset) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setitem(jobs.DEEDS, Job.INSPECT, fall)
    dataset = do(make(rows(5)), Job.INSPECT)

    assert dataset.job == ""
    assert dataset.problem == "It broke off: Looking through the rows. Try again; the reason is in the log."


def test_what_is_stopped_stops_and_may_be_begun_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def until_stopped(dataset: Dataset) -> None:
        services.stop(dataset)
        note(dataset, 1)
        raise AssertionError("it went on")

    dataset = make(rows(5))
    with monkeypatch.context() as patch:
        patch.setitem(jobs.DEEDS, Job.INSPECT, until_stopped)
        stopped = do(dataset, Job.INSPECT)
    assert (stopped.job, stopped.stop_requested, stopped.problem) == ("", False, "")
    assert do(dataset, Job.INSPECT).survey["rows"] == 5


def test_two_workers_do_not_do_the_same(make: Make) -> None:
    dataset = make(rows(5))
    services.start(dataset, Job.INSPECT)
    dataset.directory.mkdir(parents=True)
    with (dataset.directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        jobs.work(str(dataset.pk))
        assert fresh(dataset).job == Job.INSPECT
    jobs.work(str(dataset.pk))
    assert fresh(dataset).job == ""


def test_a_job_waits_for_the_one_before_it(make: Make) -> None:
    dataset = make(rows(5))
    services.start(dataset, Job.INSPECT)

    with pytest.raises(services.Busy):
        services.start(dataset, Job.MASK)


def test_a_dataset_that_is_deleted_while_it_is_looked_through_stays_deleted(make: Make) -> None:
    dataset = make(rows(5))
    services.delete(fresh(dataset))

    with pytest.raises(Stopped):
        inspecting.inspect(dataset)
    jobs.work(str(dataset.pk))
    assert not Dataset.objects.exists()


def test_a_row_is_shown_as_the_model_will_see_it(make: Make, alice: User) -> None:
    dataset = make([talk("What is tea?", "A leaf.")])
    browser, address = client_of(alice), f"/datasets/{dataset.pk}/rows/1/tokens/?max_length=512"
    assert "A worker is looking at it" in browser.get(address).content.decode()

    looking.look(dataset.pk, 1, 512)
    page = browser.get(f"{address}&asks=1")
    seen = page.context["seen"]
    assert "A leaf." in "".join(text for text, learned in seen["tokens"] if learned)
    assert "What is tea?" in "".join(text for text, learned in seen["tokens"] if not learned)
    assert "<mark>" in page.content.decode()
