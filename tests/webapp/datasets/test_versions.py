"""A version is what was accepted at one moment: split always in the same way, with nothing on both sides, for ever."""

import json

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.webapp.datasets.conftest import Make, talk
from tests.webapp.people import client_of
from webapp.accounts.models import Team, User
from webapp.datasets import freezing, inspecting, jobs, services
from webapp.datasets.duplicates import Finder
from webapp.datasets.models import Dataset, Job, Review, Version
from webapp.runs.models import TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "tea coffee river mountain letter window garden winter bread music".split()


def rows(count: int, start: int = 0) -> list[dict]:
    """That have little in common."""
    return [
        talk(
            f"{n}: what of the {WORDS[n % 10]} {n * 7919}?", f"{n * 104729} {WORDS[n // 10 % 10]}s, and {n * 31} more."
        )
        for n in range(start, start + count)
    ]


def lines(version: Version, part: str) -> list[dict]:
    return [json.loads(line) for line in (version.directory / f"{part}.jsonl").read_text("utf-8").splitlines()]


def test_a_version_holds_the_accepted_rows_in_two_files_that_share_nothing(make: Make, alice: User) -> None:
    dataset = make(rows(100))
    dataset.rows.filter(number__lte=10).update(review=Review.REJECTED)
    dataset.rows.filter(number=11).update(review=Review.WAITING)
    version = freezing.freeze(dataset, author=alice, share=10)

    train, held_out = lines(version, "train"), lines(version, "held-out")
    assert (version.number, version.rows, version.held_out) == (1, len(train), len(held_out))
    assert len(held_out) == 9
    assert len(train) + len(held_out) == 89
    assert not [row for row in held_out if row in train]
    assert version.sha256 == freezing.sha256_of(version.directory)


def test_the_same_rows_are_split_in_the_same_way_whatever_their_order(make: Make) -> None:
    some = rows(60)
    one, other = (freezing.freeze(make(order)) for order in (some, some[::-1]))

    assert {json.dumps(row) for row in lines(one, "held-out")} == {json.dumps(row) for row in lines(other, "held-out")}
    assert freezing.freeze(one.dataset).sha256 == one.sha256


def test_a_row_that_was_held_out_is_held_out_in_the_next_version_too(make: Make) -> None:
    dataset = make(rows(200))
    first = freezing.freeze(dataset)
    dataset.rows.filter(number__in=range(1, 200, 20)).update(review=Review.REJECTED)
    second = freezing.freeze(dataset)

    kept = [row for row in lines(first, "held-out") if row in lines(second, "held-out")]
    assert second.number == 2
    assert len(kept) >= 15


def test_a_repeated_row_is_in_it_once_and_like_ones_are_on_one_side(make: Make) -> None:
    long = "The kettle is filled with fresh cold water and put on the stove until it sings, which takes a while. "
    alike = [talk("How do I make tea?", long * 3 + f"Then wait {n} minutes.") for n in range(20)]
    dataset = make([*rows(100), *rows(10), *alike])
    version = freezing.freeze(dataset, share=20)

    assert version.doubled == 10
    assert version.leaking == 0
    finder = Finder()
    for number, row in enumerate(lines(version, "train"), start=1):
        finder.add(number, row)
    assert [finder.add(10_000 + n, row) for n, row in enumerate(lines(version, "held-out"))] == [
        (0, [])
    ] * version.held_out


def test_where_nearly_all_rows_are_alike_the_version_says_that_it_leaks(make: Make) -> None:
    long = "The kettle is filled with fresh cold water and put on the stove until it sings, which takes a while. "
    version = freezing.freeze(
        make([talk("How do I make tea?", long * 3 + f"Then wait {n} minutes.") for n in range(50)])
    )

    assert version.held_out >= 2
    assert version.leaking > 0


@pytest.mark.parametrize(("count", "share", "held"), [(5, 10, 2), (20, 5, 2), (50, 1, 4), (200, 10, 20), (10, 50, 5)])
def test_a_few_rows_are_held_out_at_least_and_half_at_most(count: int, share: int, held: int) -> None:
    assert freezing.wanted(count, share) == held


def test_too_few_rows_make_no_version(make: Make) -> None:
    with pytest.raises(freezing.Unfit, match="at least 5 accepted rows that differ; there are 1"):
        freezing.freeze(make(rows(1) * 8))


def test_a_version_stays_as_it_is_when_rows_change(make: Make) -> None:
    dataset = make(rows(20))
    version = freezing.freeze(dataset)
    services.edit_row(dataset.rows.get(number=3), talk("Else?", "Else."))

    assert freezing.sha256_of(version.directory) == version.sha256
    assert freezing.freeze(dataset).sha256 != version.sha256


def test_a_model_is_taught_with_the_newest_version_until_the_rows_differ_from_it(make: Make, alice: User) -> None:
    dataset, browser = make(rows(20)), client_of(alice)
    version = freezing.freeze(dataset)
    page = browser.get(f"/datasets/{dataset.pk}/")
    assert page.context["fresh"] == version
    assert page.content.decode().count(f"/runs/teach/?version={version.pk}") == 1

    services.review(dataset.rows.filter(number=3), dataset, Review.REJECTED)
    page = browser.get(f"/datasets/{dataset.pk}/")
    assert page.context["fresh"] is None
    assert page.content.decode().count(f"/runs/teach/?version={version.pk}") == 1  # among the versions


def test_a_dataset_that_a_run_learnt_from_is_archived_and_not_deleted(make: Make, team: Team) -> None:
    dataset = make(rows(20))
    version = freezing.freeze(dataset)
    TrainingRun.objects.create(team=team, name="Teas", config={}, version=version)

    with pytest.raises(services.InUse, match="archive"):
        services.delete(dataset)
    assert version.train.exists()
    services.archive(dataset, archived=True)
    assert Dataset.objects.get(pk=dataset.pk).archived_at

    TrainingRun.objects.all().delete()
    services.delete(dataset)
    jobs.work(str(dataset.pk))
    assert not dataset.directory.exists()


def test_while_a_version_is_frozen_rows_stay_as_they_are(make: Make) -> None:
    dataset = make(rows(20), job=Job.FREEZE)

    with pytest.raises(services.Busy):
        services.edit_row(dataset.rows.get(number=1), talk("Else?", "Else."))
    with pytest.raises(services.Busy):
        services.review(dataset.rows.all(), dataset, Review.REJECTED)
    with pytest.raises(services.Busy):
        services.delete(dataset)


def test_a_version_of_many_rows_takes_no_more_queries_than_one_of_few(
    make: Make, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    dataset = make(rows(300))
    with django_assert_max_num_queries(30):
        freezing.freeze(dataset)
    with django_assert_max_num_queries(30):
        inspecting.inspect(dataset)


def test_of_too_many_rows_the_rest_is_not_looked_through_for_near_duplicates_which_is_counted() -> None:
    finder = Finder(most=2)
    some = rows(4)
    for number, row in enumerate([*some, some[3]], start=1):
        finder.add(number, row)

    assert finder.uncompared == 2
