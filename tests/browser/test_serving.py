"""An admin brings an adapter, puts it in service, tries a second one on a share of conversations, and rolls back."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inference.server import ROOT
from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site
from tests.browser.test_accessibility import findings
from tests.tiny_llama import write_adapter

BUILTIN = ROOT / "inference" / "builtin"


def packed(place: Path, name: str, seed: int) -> Path:
    """An archive with a random adapter for the built-in model."""
    made = write_adapter(place / name, BUILTIN, seed=seed)
    with zipfile.ZipFile(place / f"{name}.zip", "w") as archive:
        for file in made.iterdir():
            archive.write(file, file.name)
    return place / f"{name}.zip"


def bring(page: Page, site: Site, archive: Path) -> None:
    """Ends on the adapter's page, once a worker has checked it."""
    page.goto(f"{site.url}/serving/")
    page.get_by_label("Files").set_input_files(archive)
    page.get_by_role("button", name="Upload and check").press("Enter")
    page.get_by_role("link", name="Put in service").focus()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_adapter_goes_into_service_and_out_again(
    site: Site, visit: Visit, alice: Page, bob: Page, tmp_path: Path, width: int
) -> None:
    alice.set_viewport_size({"width": width, "height": 800})
    name = f"Tea shop {width}"
    bring(alice, site, packed(tmp_path, "first", width))
    alice.keyboard.press("Enter")
    alice.get_by_label("Name", exact=True).fill(name)
    alice.keyboard.press("Enter")
    expect(alice.get_by_text("Version 1: first, first in service")).to_be_visible()
    model = alice.url

    bob.goto(f"{site.url}/chat/")
    bob.get_by_label("Model", exact=True).select_option(name)
    talk.write(bob, "Hello")
    talk.wait_for_reply(bob)
    expect(bob.get_by_text(f"{name} · 1")).to_be_visible()

    bring(alice, site, packed(tmp_path, "second", width + 1))
    alice.keyboard.press("Enter")
    alice.get_by_label("Model", exact=True).select_option(name)
    expect(alice.get_by_label("Name", exact=True)).to_be_hidden()
    alice.get_by_label("Who gets it").select_option("50")
    alice.get_by_role("button", name="Put in service").click()
    expect(alice.get_by_role("heading", name="On trial: version 2, in 50 % of the conversations")).to_be_visible()
    alice.get_by_role("button", name="For all").press("Enter")
    expect(alice.get_by_text("Version 2: second, first in service")).to_be_visible()
    alice.get_by_role("button", name="Roll back to version 1").press("Enter")
    expect(alice.get_by_text("Version 1: first, first in service")).to_be_visible()
    alice.get_by_role("button", name="Roll back to the base model").press("Enter")
    expect(alice.get_by_text("The base model answers in its place.")).to_be_visible()
    assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert alice.url == model

    bob.reload()
    expect(bob.get_by_text(f"{name} is on offer no more")).to_be_visible()
    talk.write(bob, "And now?")
    talk.wait_for_reply(bob, count=2)
    expect(talk.replies(bob).last).to_contain_text("colloquy")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_its_pages(site: Site, visit: Visit, tmp_path: Path, scheme: str) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/serving/")
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("Choose the adapter's files first.")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
    bring(page, site, packed(tmp_path, "lesson", 9))
    assert findings(page).startswith("Found 0 "), findings(page)
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill(f"Axe {scheme}")
    assert findings(page).startswith("Found 0 "), findings(page)
    page.get_by_role("button", name="Put in service").click()
    expect(page).to_have_url(re.compile("/serving/models/"))
    expect(page.get_by_role("button", name="Roll back to the base model")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
