"""An admin puts turns into a conversation and takes them out: it can be learnt afterwards, nothing typed is lost."""

import pytest
from django.test import Client

from tests.webapp.datasets.conftest import Make, talk
from tests.webapp.people import client_of
from webapp.accounts.models import User
from webapp.datasets import lessons
from webapp.datasets.forms import RowForm
from webapp.datasets.models import Dataset, Shape
from webapp.datasets.turns import MOST, changed, held

TEA = talk("What is tea?", "A leaf.")
ASK = [{"role": "user", "content": "What is tea?"}]
PAIR = {"prompt": ASK, "chosen": "A leaf.", "rejected": "A car."}


def said(values: dict) -> list[tuple[str, str]]:
    return [(turn["role"][0], turn["content"]) for turn in values.get("messages") or values["prompt"]]


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("add-0", [("u", ""), ("a", ""), ("u", "What is tea?"), ("a", "A leaf.")]),
        ("add-2", [("u", "What is tea?"), ("a", "A leaf."), ("u", ""), ("a", "")]),
        ("system", [("s", ""), ("u", "What is tea?"), ("a", "A leaf.")]),
        ("add-1", said(TEA)),  # an answer to an answer
        ("drop-0", said(TEA)),  # nothing would be left
        ("no-system", said(TEA)),  # there is none
        ("nonsense", said(TEA)),
        ("", said(TEA)),
    ],
)
def test_turns_come_and_go_where_a_conversation_is_left(change: str, after: list[tuple[str, str]]) -> None:
    assert said(changed(TEA, change)) == after


def test_what_was_put_in_is_taken_out_again() -> None:
    more = changed(changed(TEA, "system"), "add-3")

    assert changed(changed(more, "drop-3"), "no-system") == TEA
    assert said(changed(more, "drop-1"))[0] == ("s", "")


def test_before_a_question_that_two_answers_belong_to_others_may_come() -> None:
    more = changed(PAIR, "add-0")

    assert said(more) == [("u", ""), ("a", ""), ("u", "What is tea?")]
    assert changed(more, "drop-2") is more
    assert changed(more, "add-3") is more


def test_a_conversation_has_an_end() -> None:
    long = {"messages": TEA["messages"] * (MOST // 2)}

    assert changed(long, "add-0") is long


def test_who_speaks_when_is_as_it_was_where_the_form_says_nonsense() -> None:
    said_so = {"messages-0": "Hi", "messages-1": "Ho"}
    for roles in ("", "user", "assistant user", "user robot", "user assistant " * MOST):
        assert held(TEA, {"roles": roles, **said_so}) == talk("Hi", "Ho")


def test_only_what_can_go_has_a_button_to_remove_it() -> None:
    def removable(values: dict) -> list[int]:
        return [turn.at for turn in RowForm(values=values).turns if turn.removable]

    assert removable(TEA) == []
    assert removable(changed(changed(TEA, "system"), "add-1")) == [0, 1, 3]
    assert removable(changed(PAIR, "add-0")) == [0]


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def teas(make: Make) -> Dataset:
    return make([TEA])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["without script", "with it"])
def test_a_question_is_added_and_saved(headers: dict[str, str], browser: Client, teas: Dataset) -> None:
    place = f"/datasets/{teas.pk}/rows/1/"
    form = {"roles": "user assistant", "messages-0": "What is green tea?", "messages-1": "A leaf.", "change": "add-2"}
    more = browser.post(f"{place}turns/", form, headers=headers)
    page = more.content.decode()
    assert (more.status_code, "What is green tea?" in page, "<html" in page) == (200, True, not headers)
    assert more.context["form"].roles == ["user", "assistant", "user", "assistant"]
    assert said(teas.rows.get().values) == said(TEA)  # nothing is saved yet

    form |= {"roles": "user assistant user assistant", "messages-2": "And coffee?", "messages-3": "A bean."}
    browser.post(place, form, headers=headers)
    row = teas.rows.get()
    assert said(row.values)[2:] == [("u", "And coffee?"), ("a", "A bean.")]
    lessons.check(row.values, teas.shape)


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_was_left_empty_is_refused(browser: Client, teas: Dataset) -> None:
    form = {
        "roles": "user assistant user assistant",
        "messages-0": "What?",
        "messages-1": "That.",
        "messages-2": "Who?",
    }
    answer = browser.post(f"/datasets/{teas.pk}/rows/1/", form)

    assert (answer.status_code, "Who?" in answer.content.decode()) == (422, True)
    assert teas.rows.get().values == TEA


@pytest.mark.django_db(transaction=True)
def test_a_pair_keeps_its_answers_while_its_conversation_grows(browser: Client, make: Make) -> None:
    pairs = make([PAIR], Shape.PREFERENCE)
    form = {"roles": "user", "prompt-0": "What?", "chosen": "Tea.", "rejected": "A car.", "change": "add-0"}
    more = browser.post(f"/datasets/{pairs.pk}/rows/1/turns/", form)
    assert 'value="user assistant user"' in more.content.decode()

    form = {
        "roles": "user assistant user",
        "prompt-0": "Hi",
        "prompt-1": "Ho",
        "prompt-2": "What?",
        "chosen": "Tea.",
        "rejected": "A car.",
    }
    browser.post(f"/datasets/{pairs.pk}/rows/1/", form)
    assert pairs.rows.get().values["chosen"] == "Tea."
    assert said(pairs.rows.get().values) == [("u", "Hi"), ("a", "Ho"), ("u", "What?")]
