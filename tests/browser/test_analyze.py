"""The sentiment of texts, as a person has it found, looked through and corrected."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site
from tests.browser.test_accessibility import Scheme, findings, scheme
from tests.browser.test_phone import wider

__all__ = ["scheme"]

ANALYSIS = re.compile(r"/analyze/[0-9a-f-]{36}/")
LINES = ["A positive day", "A negative one", "It is neutral", "Very positive"]


def analyze(page: Page, site: Site, lines: list[str]) -> None:
    page.goto(f"{site.url}/analyze/")
    page.get_by_label("Texts").fill("\n".join(lines))
    page.get_by_role("main").get_by_role("button", name="Analyze").click()
    page.wait_for_url(ANALYSIS)


def is_through(page: Page, count: int) -> None:
    expect(page.locator("#state")).to_have_text(re.compile(f"^\\s*{count} texts are through"))


def shares(page: Page) -> Locator:
    return page.locator(".shares tr td:nth-child(2)")


def test_labels_come_in_while_one_looks_on(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(wait_s=1)
    analyze(alice, site, LINES * 10)
    expect(alice.get_by_role("progressbar")).to_be_visible()
    is_through(alice, 40)
    expect(shares(alice)).to_have_text(["20", "10", "10"])
    expect(alice.locator("#row-2 select")).to_have_value("negative")
    expect(alice.locator("#row-2 .confidence")).to_contain_text("80%")


def test_it_is_stopped_and_continued(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(wait_s=60)
    analyze(alice, site, LINES * 10)
    alice.get_by_role("button", name="Stop").click()
    expect(alice.locator("#state")).to_contain_text("Stopped: 40 lines are left.")
    script.script()
    alice.get_by_role("button", name="Continue").click()
    is_through(alice, 40)


def test_a_label_is_corrected_by_hand_and_a_colleague_sees_it(site: Site, alice: Page, bob: Page) -> None:
    analyze(alice, site, LINES)
    is_through(alice, 4)
    alice.locator(".chat-head").get_by_label("More:").click()
    alice.locator(".chat-head").get_by_role("button", name="Share with the team").click()
    expect(alice.locator(".chat-head").get_by_text("Shared")).to_be_visible()
    bob.goto(alice.url)
    alice.get_by_label("Label of text 2", exact=True).select_option("Positive")
    expect(alice.locator("#row-2")).to_contain_text("corrected; the model: Negative")
    expect(shares(bob)).to_have_text(["3", "1", "0"])
    expect(bob.locator("#row-2")).to_contain_text("corrected; the model: Negative")
    alice.get_by_role("button", name="Good label for text 1").click()
    expect(alice.get_by_role("button", name="Good label for text 1")).to_have_attribute("aria-pressed", "true")


def test_rows_are_looked_for_sorted_and_taken_along(site: Site, alice: Page) -> None:
    analyze(alice, site, LINES * 30)
    is_through(alice, 120)
    alice.get_by_role("combobox", name="Label", exact=True).select_option("negative")
    expect(alice.locator(".texts tbody tr")).to_have_count(30)
    alice.get_by_role("combobox", name="Label", exact=True).select_option("")
    expect(alice.locator(".texts tbody tr")).to_have_count(50)
    alice.get_by_role("link", name="Page 3").click()
    expect(alice.locator(".texts tbody tr")).to_have_count(20)
    alice.get_by_label("Search the texts").press_sequentially("Very")
    expect(alice.locator(".texts tbody tr")).to_have_count(30)
    expect(alice.get_by_label("Search the texts")).to_be_focused()
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Download CSV").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        assert len(file.readlines()) == 121


def test_a_column_of_a_table_is_chosen(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/analyze/")
    table = "id;review\n1;A positive day it was\n2;A negative one I had\n".encode("utf-16")
    alice.locator("input[type=file]").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": table})
    expect(alice.get_by_label("Texts")).to_have_value(re.compile("positive"))
    alice.get_by_role("main").get_by_role("button", name="Analyze").click()
    expect(alice.get_by_label("Column")).to_have_value("1")
    alice.get_by_role("main").get_by_role("button", name="Analyze").click()
    is_through(alice, 2)
    expect(alice.locator("#row-1 .text")).to_have_text("A positive day it was")


def test_nothing_hinders_anybody(site: Site, visit: Visit, script: ScriptedEngine, scheme: Scheme) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/analyze/")
    assert findings(page).startswith("Found 0 ")
    analyze(page, site, LINES)
    is_through(page, 4)
    assert findings(page).startswith("Found 0 ")


def test_a_phone_shows_it_all(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    phone = visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    analyze(phone, site, [*LINES, "a very long positive text without an end " * 20])
    is_through(phone, 5)
    assert wider(phone) is False
    expect(phone.get_by_role("button", name="Open the menu")).to_be_in_viewport(ratio=1)
    phone.goto(f"{site.url}/analyze/")
    assert wider(phone) is False
