"""A dataset that is deleted is out of sight at once; a worker takes it away, however often it is killed meanwhile."""

import pytest

from tests.webapp.datasets.conftest import Bring, Make, jsonl, talk
from tests.webapp.datasets.test_versions import rows
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.datasets import freezing, jobs, reading, removing, services
from webapp.datasets.models import Dataset, Job, Row, Shape, Source, Version
from webapp.runs.lesson_form import versions_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deleted_dataset_is_out_of_sight_before_a_worker_has_looked(make: Make, alice: User) -> None:
    dataset = make(rows(20))
    freezing.freeze(dataset)
    browser = client_of(alice)
    browser.post(f"/datasets/{dataset.pk}/delete/")

    assert dataset.rows.count() == 20
    assert list(browser.get("/datasets/").context["page"]) == []
    assert browser.get(f"/datasets/{dataset.pk}/").status_code == 404
    assert browser.get(f"/datasets/{dataset.pk}/rows/1/").status_code == 404
    assert not versions_of(dataset.team).exists()


def test_a_worker_takes_away_rows_files_and_the_dataset(bring: Bring) -> None:
    dataset = bring(jsonl(*rows(20)) + "\n{oops")
    (dataset.directory / "1").mkdir()
    services.delete(dataset)
    jobs.work(str(dataset.pk))

    assert not Dataset.objects.exists()
    assert not Row.objects.exists()
    assert not dataset.directory.exists()


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_that_the_next_does_not_take(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(dataset: Dataset) -> None:
        dataset.rows.filter(number__lte=10).delete()
        raise Killed

    dataset, other = make(rows(20)), make(rows(5))
    services.delete(dataset)
    with monkeypatch.context() as patch:
        patch.setattr(removing, "remove", die)
        with pytest.raises(Killed):
            jobs.work(str(dataset.pk))
    assert [found.pk for found in jobs.due()] == [dataset.pk]

    jobs.work(str(dataset.pk))
    assert list(Dataset.objects.all()) == [other]
    assert other.rows.count() == 5


def test_many_rows_go_a_batch_at_a_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "BATCH", 7)
    dataset = make(rows(20))
    services.delete(dataset)
    jobs.work(str(dataset.pk))

    assert not Row.objects.exists()


def test_what_a_worker_was_at_ends_and_the_dataset_goes(bring: Bring) -> None:
    dataset = bring(jsonl(talk("What?", "That."), talk("Who?", "She.")) + "\n{oops")
    Dataset.objects.filter(pk=dataset.pk).update(job=Job.READ)
    dataset.refresh_from_db()
    services.delete(dataset)
    reading.read(dataset)  # it was in the middle of that
    jobs.work(str(dataset.pk))

    assert not Dataset.objects.exists()


def test_gathering_begins_anew_where_the_dataset_was_deleted(make: Make, alice: User) -> None:
    old = make([], Shape.THUMBS, source=Source.GATHERED)
    services.delete(old)

    assert services.gather(team=old.team, author=alice, shape=Shape.THUMBS).pk != old.pk


def test_a_version_of_a_deleted_dataset_is_gone_with_it(make: Make) -> None:
    dataset = make(rows(20))
    freezing.freeze(dataset)
    services.delete(dataset)

    assert not Version.objects.exists()
