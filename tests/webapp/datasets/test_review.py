"""Rows are read, filtered, corrected, accepted and rejected by an admin, page by page."""

import pytest
from django.test import Client

from tests.webapp.datasets.conftest import Make, talk
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.datasets.models import Dataset, Job, Review, Shape

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def teas(make: Make) -> Dataset:
    dataset = make([talk(f"What is tea {n}?", f'A "leaf" {n}.') for n in range(1, 121)])
    dataset.rows.filter(number=3).update(review=Review.REJECTED)
    dataset.rows.filter(number=5).update(flagged=True, notes={"personal": ["email"], "tokens": 9, "language": "en"})
    return dataset


def numbers(browser: Client, dataset: Dataset, query: str = "") -> list[int]:
    page = browser.get(f"/datasets/{dataset.pk}/rows/{query}")
    return [line.row.number for line in page.context["lines"]]


def test_the_table_shows_a_page_of_rows(browser: Client, teas: Dataset) -> None:
    assert numbers(browser, teas) == list(range(1, 51))
    assert numbers(browser, teas, "?page=3") == list(range(101, 121))
    assert numbers(browser, teas, "?page=nonsense") == list(range(1, 51))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?review=rejected", [3]),
        ("?flagged=1", [5]),
        ("?q=tea 117?", [117]),
        ('?q="leaf" 7.', [7]),
        ("?q=nowhere", []),
        ("?q=%00&review=nonsense&flagged=2&page=3", list(range(101, 121))),
    ],
)
def test_rows_are_filtered(query: str, found: list[int], browser: Client, teas: Dataset) -> None:
    assert numbers(browser, teas, query) == found


def test_a_row_is_accepted_rejected_and_neither(browser: Client, teas: Dataset) -> None:
    for verdict in Review:
        answer = browser.post(
            f"/datasets/{teas.pk}/rows/7/review/", {"review": verdict}, headers={"HX-Request": "true"}
        )
        assert f'data-review="{verdict}"' in answer.content.decode()
        assert teas.rows.get(number=7).review == verdict


def test_all_that_the_filter_lets_through_get_one_verdict(browser: Client, teas: Dataset) -> None:
    browser.post(f"/datasets/{teas.pk}/rows/review/", {"q": "tea 11", "verdict": "rejected"})

    assert teas.rows.filter(review=Review.REJECTED).count() == 12  # 3, 11 and 110 to 119
    browser.post(f"/datasets/{teas.pk}/rows/review/", {"verdict": "accepted"})
    assert not teas.rows.exclude(review=Review.ACCEPTED).exists()


def test_a_row_is_edited_and_thereby_accepted(browser: Client, teas: Dataset) -> None:
    said = {"messages-0": "What is tea?\r\nSay.", "messages-1": "A leaf."}
    answer = browser.post(f"/datasets/{teas.pk}/rows/3/", said, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    row = teas.rows.get(number=3)
    assert row.values == talk("What is tea?\nSay.", "A leaf.")
    assert (row.review, row.edited) == (Review.ACCEPTED, True)


def test_an_empty_text_is_refused_and_nothing_changes(browser: Client, teas: Dataset) -> None:
    answer = browser.post(f"/datasets/{teas.pk}/rows/3/", {"messages-0": "What?", "messages-1": " "})

    assert answer.status_code == 422
    assert "Write something here, or reject the row." in answer.content.decode()
    assert teas.rows.get(number=3).values == talk("What is tea 3?", 'A "leaf" 3.')


def test_pairs_and_thumbs_are_edited_too(browser: Client, make: Make) -> None:
    ask = [{"role": "user", "content": "What?"}]
    pair = make([{"prompt": ask, "chosen": "A leaf.", "rejected": "A car."}], Shape.PREFERENCE)
    browser.post(f"/datasets/{pair.pk}/rows/1/", {"prompt-0": "What?", "chosen": "Tea.", "rejected": "A car."})
    assert pair.rows.get().values == {"prompt": ask, "chosen": "Tea.", "rejected": "A car."}
    same = {"prompt-0": "What?", "chosen": "Tea.", "rejected": "Tea."}
    assert browser.post(f"/datasets/{pair.pk}/rows/1/", same).status_code == 422

    thumb = make([{"prompt": ask, "completion": "A leaf.", "label": True}], Shape.THUMBS)
    browser.post(f"/datasets/{thumb.pk}/rows/1/", {"prompt-0": "What?", "completion": "Tea.", "label": "down"})
    assert thumb.rows.get().values == {"prompt": ask, "completion": "Tea.", "label": False}


def test_a_busy_dataset_says_so_and_keeps_its_rows(browser: Client, teas: Dataset) -> None:
    Dataset.objects.filter(pk=teas.pk).update(job=Job.MASK)
    answer = browser.post(f"/datasets/{teas.pk}/rows/7/review/", {"review": "rejected"}, headers={"HX-Request": "true"})

    assert "Something else is going on" in answer.headers["HX-Trigger"]
    assert teas.rows.get(number=7).review == Review.ACCEPTED


def test_columns_are_mapped_on_their_page(browser: Client, bring) -> None:
    dataset = bring("frage;antwort\nWas ist Tee?;Ein Blatt.\n", "data.csv")
    address = f"/datasets/{dataset.pk}/columns/"
    assert "Ein Blatt." in browser.get(f"{address}?form=pair").content.decode()

    same = browser.post(address, {"form": "pair", "prompt": "frage", "completion": "frage"})
    assert (same.status_code, "Each field needs a column of its own." in same.content.decode()) == (422, True)
    browser.post(address, {"form": "pair", "prompt": "frage", "completion": "antwort"})
    dataset.refresh_from_db()
    assert (dataset.job, dataset.mapping["completion"]) == (Job.READ, "antwort")
