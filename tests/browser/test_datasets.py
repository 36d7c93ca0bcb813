"""An admin brings a file, corrects a row by keyboard, freezes a version; members have a say over their own words."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import rows
from tests.browser.conftest import Visit
from tests.browser.people import Site
from tests.browser.rows import READ_MS, are_counted, bring
from tests.browser.test_accessibility import findings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twenty good rows, one with an address, and one that is none."""
    path = rows.write(tmp_path / "teas.jsonl")
    path.write_text(f"{path.read_text()}{{oops")
    return path


def bring_and_keep(page: Page, site: Site, path: Path) -> None:
    bring(page, site.url, path)
    page.get_by_role("button", name="Keep the 20 good rows").click(timeout=READ_MS)
    are_counted(page)


def test_a_file_is_brought_corrected_by_keyboard_and_frozen(site: Site, alice: Page, file: Path) -> None:
    bring(alice, site.url, file)
    expect(alice.get_by_text("1 row cannot be used; 20 can.")).to_be_visible(timeout=READ_MS)
    expect(alice.get_by_role("cell", name="This is no JSON")).to_be_visible()
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_role("button", name="Keep the 20 good rows").click()

    expect(alice.get_by_text("Personal data was found")).to_be_visible(timeout=READ_MS)
    alice.get_by_role("button", name="Mask all of it").click()
    expect(alice.get_by_text("No e-mail addresses")).to_be_visible(timeout=READ_MS)
    assert findings(alice).startswith("Found 0 ")

    alice.get_by_role("link", name="Review the rows").click()
    expect(alice.locator("#row-5")).to_contain_text("[EMAIL]")
    for key in ("j", "j", "r"):  # the first, the second, which is rejected; and on to the third
        alice.keyboard.press(key)
    expect(alice.locator("#row-2")).to_contain_text("Rejected")
    expect(alice.locator("#row-3")).to_be_focused()
    alice.keyboard.press("e")
    expect(alice.get_by_role("dialog", name="Row 3")).to_be_visible()
    expect(alice.locator(".pieces mark").first).to_be_visible(timeout=READ_MS)
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_label("Assistant").fill("A leaf of a bush.")
    alice.keyboard.press("Control+Enter")
    expect(alice.get_by_role("dialog")).to_have_count(0)
    expect(alice.locator("#row-3")).to_contain_text("A leaf of a bush.")
    expect(alice.locator("#row-3")).to_contain_text("Edited")
    alice.keyboard.press("?")
    expect(alice.get_by_role("dialog", name="Keys")).to_be_visible()
    alice.keyboard.press("Escape")
    alice.get_by_label("Search the rows").fill("bush")
    expect(alice.locator("[data-row]")).to_have_count(1)
    assert findings(alice).startswith("Found 0 ")

    alice.get_by_role("main").get_by_role("link", name="teas").click()
    alice.get_by_label("Held out, in per cent").fill("20")
    alice.get_by_role("button", name="Freeze a version").click()
    expect(alice.get_by_role("link", name="held-out.jsonl")).to_be_visible(timeout=READ_MS)
    with alice.expect_download() as download:
        alice.get_by_role("link", name="train.jsonl").click()
    learnt = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert len(learnt) == 15  # of nineteen that are accepted, four are held out
    assert findings(alice).startswith("Found 0 ")


def test_columns_that_nobody_knows_are_chosen_by_hand(site: Site, alice: Page, tmp_path: Path) -> None:
    path = tmp_path / "fragen.csv"
    path.write_text("Frage;Antwort\n" + "".join(f"Was ist Tee {n}?;Ein Blatt {n}.\n" for n in range(5)))
    bring(alice, site.url, path)
    alice.get_by_role("link", name="Choose the columns").click(timeout=READ_MS)
    alice.get_by_label("Prompt", exact=True).select_option("Frage")
    alice.get_by_label("Answer", exact=True).select_option("Antwort")
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_role("button", name="Read the file").click()
    are_counted(alice)


def test_on_a_phone_rows_are_cards_and_nothing_is_wider_than_the_screen(site: Site, visit: Visit, file: Path) -> None:
    page = visit(site, "Alice", viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    bring_and_keep(page, site, file)
    for place in ("", "rows/", "rows/5/"):
        page.goto(f"{page.url.split('rows/')[0]}{place}")
        assert page.evaluate("document.querySelector('.main').scrollWidth") <= 390
        assert findings(page).startswith("Found 0 "), place


def test_each_person_says_themselves_whether_models_may_learn_from_them(site: Site, bob: Page) -> None:
    bob.goto(f"{site.url}/settings/learning/")
    expect(bob.get_by_text("Off: nothing that you correct is used.")).to_be_visible()
    assert findings(bob).startswith("Found 0 ")
    bob.get_by_role("button", name="Agree for Aurora").click()
    expect(bob.get_by_text("You agreed")).to_be_visible()
    bob.get_by_role("button", name="Withdraw for Aurora").click()
    expect(bob.get_by_text("Off: nothing that you correct is used.")).to_be_visible()
