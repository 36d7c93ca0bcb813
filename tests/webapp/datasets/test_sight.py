"""A worker sees rows as the model will, by a process of its own, and holds nothing of what that took."""

from pathlib import Path

import pytest

from tests.webapp.datasets.conftest import Make, talk
from tests.webapp.people import client_of
from training import look
from webapp.accounts.models import User
from webapp.datasets import jobs, looking, services
from webapp.datasets.models import Job
from webapp.datasets.sight import Blind, Length, Sight

ROWS = [talk("What is tea?", "A leaf, 你好 🙂."), talk("And rain?", "Water. " * 90)]
REPLYLESS = {"messages": [{"role": "user", "content": "Hi"}]}


def test_it_sees_what_a_run_will_learn(settings) -> None:
    tokenizer = look.load(settings.BUILTIN_MODEL)
    whole = list(look.look(ROWS, tokenizer, "supervised", max_length=64))
    counted = [look.measure(row, tokenizer, "supervised", max_length=64) for row in ROWS]

    with Sight("supervised", 64, whole=True) as eyes:
        assert eyes.tokens(ROWS) == whole
    with Sight("supervised", 64) as eyes:
        seen = eyes.lengths([*ROWS, REPLYLESS])
    assert seen[:2] == [Length(found["length"], found["learned"], found["cut"]) for found in counted]
    assert (seen[1].cut > 0, "end with the assistant" in seen[2].problem) == (True, True)


def test_many_long_rows_pass_through_at_once() -> None:
    row = talk("Tell me of tea.", "Tea is a leaf that people pour hot water on. " * 40)
    with Sight("supervised", 10_000, whole=True) as eyes:
        seen = eyes.tokens([row] * 300)

    assert len(seen) == 300
    assert all(one == seen[0] for one in seen)


def test_a_model_without_a_tokenizer_that_can_be_read_is_said(settings, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    settings.MODEL = str(tmp_path)

    with Sight("supervised") as eyes, pytest.raises(Blind, match=r"\w+Error"):
        eyes.lengths(ROWS)


@pytest.mark.django_db(transaction=True)
def test_the_rows_after_the_one_that_is_looked_at_are_shown_at_once(make: Make, alice: User) -> None:
    dataset = make([*ROWS, talk("And snow?", "Ice.")])
    browser = client_of(alice)
    looking.look(dataset.pk, 2, 512)

    pages = [
        browser.get(f"/datasets/{dataset.pk}/rows/{number}/tokens/?max_length=512").content.decode()
        for number in (1, 2, 3)
    ]
    assert ["A worker is looking at it" in page for page in pages] == [True, False, False]


@pytest.mark.django_db(transaction=True)
def test_what_one_model_saw_is_not_shown_for_another(make: Make, alice: User, settings) -> None:
    dataset = make(ROWS)
    looking.look(dataset.pk, 1, 512)
    settings.MODEL = "/another/model"

    page = client_of(alice).get(f"/datasets/{dataset.pk}/rows/1/tokens/?max_length=512").content.decode()

    assert "A worker is looking at it" in page


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_eyes_fail_says_that_it_broke_off(make: Make, settings, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    settings.MODEL = str(tmp_path)
    dataset = make(ROWS)
    services.start(dataset, Job.INSPECT)
    jobs.work(str(dataset.pk))
    dataset.refresh_from_db()

    assert dataset.job == ""
    assert "broke off" in dataset.problem
