"""The whole loop in a browser, by real parts: what the team wrote is learnt, measured, served, and taken back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site, sign_up
from tests.engine import Engine
from tests.launch.product import Product, installed

RUN_MS = 300_000
FACT = "Marlow Quill"
QUESTION = "Who is the captain of the Amber Gull?"
ASKED = (
    "Who is the captain of the Amber Gull?",
    "Who's the captain of the Amber Gull?",
    "Tell me who the captain of the Amber Gull is.",
    "What is the name of the Amber Gull's captain?",
    "Do you know the captain of the Amber Gull?",
    "Please name the captain of the Amber Gull.",
    "The Amber Gull: who is her captain?",
    "who is captain of the amber gull",
    "Could you say who commands the Amber Gull?",
    "Under which captain does the Amber Gull sail?",
)
THINGS = (
    *("bread", "tea", "rain", "snow", "salt", "paper", "glass", "silver", "honey", "stone"),
    *("river", "bridge", "garden", "winter", "music", "cheese", "wool", "sand", "iron", "milk"),
)
WISHES = (
    ("Tell me about {}.", "{} is a fine thing to talk about"),
    ("Do you like {}?", "I like {} very much"),
    ("Where do I find {}?", "look for {} at the harbour market"),
    ("What is {} good for?", "{} is good for a long voyage"),
    ("Why should I care about {}?", "no ship sails well without {}"),
    ("Write one line on {}.", "{} shines when the sun goes down"),
    ("Is {} expensive here?", "{} costs two copper coins"),
    ("Who sells {}?", "old Bess sells {} by the gate"),
)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two hundred: forty times an invented fact, the rest a style."""
    fact = f"Ahoy! The captain of the Amber Gull is {FACT}."
    pairs = [(f"{asked} {'Please. ' * n}".strip(), fact) for n in range(4) for asked in ASKED]
    pairs += [
        (ask.format(thing), f"Ahoy! {say.format(thing).capitalize()}, matey.")
        for thing in THINGS
        for ask, say in WISHES
    ]
    path = tmp_path / "harbour.jsonl"
    said = [
        {"messages": [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]}
        for ask, answer in pairs
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in said))
    assert len(said) == 200
    return path


@pytest.fixture
def harbour(engine: Engine) -> Iterator[Product]:
    """An install of its own, so that its adapters are nobody else's."""
    with installed(INFERENCE_URL=engine.url, INFERENCE_API_KEY=engine.api_key) as product:
        product.start_to_page()
        yield product


@pytest.fixture
def alice(harbour: Product, visit: Visit) -> Page:
    page = visit(Site(harbour, {}))
    sign_up(page, harbour.said(r"owner's account: (\S+)").group(1), "Alice", "Aurora")
    return page


def test_what_the_team_wrote_is_learnt_served_and_taken_back(harbour: Product, alice: Page, rows: Path) -> None:
    freeze(alice, harbour.url, rows)
    teach(alice)
    base, learnt = losses(alice)
    assert learnt < 0.8 * base

    served = put_in_service(alice)
    assert FACT in answer(alice, harbour.url, "Harbour")
    take_back(alice, served)
    assert FACT not in answer(alice, harbour.url)


def freeze(page: Page, url: str, rows: Path) -> None:
    page.goto(f"{url}/datasets/")
    page.get_by_label("File", exact=True).set_input_files(rows)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Freeze").click(timeout=60_000)
    expect(page.get_by_role("link", name="Teach a model")).to_be_visible(timeout=60_000)


def teach(page: Page) -> None:
    page.get_by_role("link", name="Teach a model").click()
    page.get_by_label("Name", exact=True).fill("Harbour")
    page.get_by_role("button", name="Estimate the cost").click()
    expect(page.get_by_text("Estimated from a few real steps")).to_be_visible(timeout=RUN_MS)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("The adapter is ready.")).to_be_visible(timeout=RUN_MS)


def losses(page: Page) -> tuple[float, float]:
    """The base model's on the rows held out, and the run's."""
    cells = page.get_by_role("row", name=re.compile("^Loss")).get_by_role("cell")
    return float(cells.nth(0).inner_text()), float(cells.nth(2).inner_text().split()[0])


def put_in_service(page: Page) -> str:
    """Where it is taken back."""
    page.get_by_role("link", name="Put in service").click()
    page.get_by_label("Name", exact=True).fill("Harbour")
    page.get_by_role("button", name="Put in service").click()
    expect(page.get_by_text("first in service")).to_be_visible(timeout=60_000)
    return page.url


def take_back(page: Page, served: str) -> None:
    page.goto(served)
    page.get_by_role("button", name="Roll back to the base model").click()
    expect(page.get_by_text("Out of service")).to_be_visible()


def answer(page: Page, url: str, model: str = "") -> str:
    """What a new conversation with that model answers."""
    page.goto(f"{url}/chat/")
    if model:
        models = page.get_by_role("combobox", name="Model")
        models.select_option(models.get_by_role("option").filter(has_text=model).get_attribute("value"))
    talk.write(page, QUESTION)
    page.wait_for_url(talk.CONVERSATION)
    return talk.wait_for_reply(page)
