"""axe-core finds nothing on any page that a person comes to, light or dark."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import rows, talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site, invite
from tests.browser.test_markdown import RICH

Scheme = Literal["light", "dark"]


def findings(page: Page) -> str:
    return str(Axe().run(page).generate_report())


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    found: Scheme = request.param
    return found


def test_of_the_entrance(site: Site, visit: Visit, alice: Page, scheme: Scheme) -> None:
    page = visit(site, color_scheme=scheme)
    page.goto(f"{site.url}/account/login/")
    assert findings(page).startswith("Found 0 ")
    page.goto(invite(alice, site.url, "member"))
    assert findings(page).startswith("Found 0 ")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    assert findings(page).startswith("Found 0 ")


def test_of_the_chat(site: Site, visit: Visit, script: ScriptedEngine, scheme: Scheme) -> None:
    script.script(text=RICH)
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/chat/")
    assert findings(page).startswith("Found 0 ")
    talk.start(page, site.url, "Everything, please")
    talk.wait_for_reply(page)
    assert findings(page).startswith("Found 0 ")
    page.locator(".chat-head").get_by_label("More:").click()
    assert findings(page).startswith("Found 0 ")
    script.fail(status=400)
    talk.write(page, "And this?")
    talk.wait_for_reply(page, status="failed")
    assert findings(page).startswith("Found 0 ")


def test_of_the_settings(site: Site, visit: Visit, scheme: Scheme) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    for name in ("profile", "team", "password"):
        page.goto(f"{site.url}/settings/{name}/")
        assert findings(page).startswith("Found 0 "), name


def test_of_what_one_does_with_a_message(site: Site, visit: Visit, scheme: Scheme) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    address = talk.start(page, site.url, "Hello")
    talk.wait_for_reply(page)
    talk.share(page)
    visit(site, "Victor").goto(address)
    page.get_by_label("Here now: Victor").click()
    assert findings(page).startswith("Found 0 ")
    reply = talk.replies(page).first
    reply.get_by_role("button", name="Good answer").click()
    expect(reply.locator('[aria-pressed="true"]')).to_have_count(1)
    reply.get_by_label("More for this reply").click()
    assert findings(page).startswith("Found 0 ")
    page.get_by_role("button", name="About this reply").click()
    assert_passing_dialog(page, "About this reply")
    reply.get_by_role("button", name="Correct the answer").click()
    assert_passing_dialog(page, "What would have been the right answer?")
    page.keyboard.press("Control+/")
    assert_passing_dialog(page, "Keyboard shortcuts")
    page.locator("#thread").focus()
    page.keyboard.press("b")
    page.keyboard.press("e")
    expect(page.get_by_role("textbox", name="Edited text")).to_be_focused()
    assert findings(page).startswith("Found 0 ")
    page.goto(f"{site.url}/shortcuts/")
    assert findings(page).startswith("Found 0 ")


def test_of_datasets(site: Site, visit: Visit, scheme: Scheme, tmp_path: Path) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    rows.bring(page, site.url, rows.write(tmp_path / "teas.jsonl"))
    rows.are_counted(page)
    assert findings(page).startswith("Found 0 ")
    page.get_by_role("button", name="Freeze a version").click()
    expect(page.get_by_role("link", name="held-out.jsonl")).to_be_visible(timeout=rows.READ_MS)
    assert findings(page).startswith("Found 0 ")
    page.goto(f"{site.url}/datasets/")
    assert findings(page).startswith("Found 0 ")
    page.goto(f"{site.url}/settings/learning/")
    assert findings(page).startswith("Found 0 ")


def test_of_the_rows_of_a_dataset(site: Site, visit: Visit, scheme: Scheme, tmp_path: Path) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    rows.review(page, site.url, rows.write(tmp_path / "teas.jsonl"))
    assert findings(page).startswith("Found 0 ")
    dialog = rows.open_row(page, 5)
    expect(dialog.locator(".pieces mark").first).to_be_visible(timeout=rows.READ_MS)
    assert findings(page).startswith("Found 0 ")
    dialog.get_by_label("Assistant").fill("A leaf.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Discard what you typed?")).to_be_visible()
    assert findings(page).startswith("Found 0 ")


def assert_passing_dialog(page: Page, name: str) -> None:
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    assert findings(page).startswith("Found 0 ")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
