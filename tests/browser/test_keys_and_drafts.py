"""Keys that save a way, and words that are not lost."""

from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site


def away_from_writing(page: Page) -> None:
    page.locator("#thread").focus()


def test_the_sheet_of_keys_opens_by_key_and_by_button(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Hello")
    sheet = alice.get_by_role("dialog", name="Keyboard shortcuts")
    talk.composer(alice).press("Control+/")
    expect(sheet).to_be_visible()
    alice.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(talk.composer(alice)).to_be_focused()
    away_from_writing(alice)
    alice.keyboard.press("?")
    expect(sheet).to_be_visible()
    alice.keyboard.press("n")  # is no key while a dialog is open
    alice.keyboard.press("Escape")
    alice.locator(".sidebar-bottom summary").last.click()
    alice.get_by_role("link", name="Keyboard shortcuts").first.click()
    expect(sheet).to_be_visible()


def test_keys_lead_to_what_they_name(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(tokens=400, tokens_per_s=20)
    talk.start(alice, site.url, "Hello")
    talk.has_begun(alice)
    away_from_writing(alice)
    alice.keyboard.press("Escape")
    talk.wait_for_reply(alice, status="stopped")
    alice.keyboard.press("w")
    expect(talk.composer(alice)).to_be_focused()
    alice.keyboard.type("/nb?")  # here they are letters
    expect(talk.composer(alice)).to_have_value("/nb?")
    away_from_writing(alice)
    alice.keyboard.press("/")
    expect(alice.get_by_role("searchbox")).to_be_focused()
    away_from_writing(alice)
    alice.keyboard.press("e")
    expect(alice.get_by_role("textbox", name="Edited text")).to_be_focused()
    alice.keyboard.press("Escape")
    away_from_writing(alice)
    alice.keyboard.press("b")
    expect(alice.locator("#sidebar")).to_be_hidden()
    alice.get_by_role("button", name="Show the sidebar").click()
    expect(alice.locator("#sidebar")).to_be_visible()
    away_from_writing(alice)
    alice.keyboard.press("n")
    alice.wait_for_url("**/chat/")


def test_single_keys_can_be_turned_off(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice")
    talk.start(page, site.url, "Hello")
    talk.wait_for_reply(page)
    away_from_writing(page)
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts are on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    away_from_writing(page)
    page.keyboard.press("w")
    page.keyboard.press("?")
    expect(talk.composer(page)).not_to_be_focused()
    page.keyboard.press("Control+/")
    expect(page.get_by_label("Single-key shortcuts are on")).not_to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_a_draft_survives_a_reload_and_is_gone_once_it_is_sent(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/chat/")
    talk.composer(alice).fill("A question\nin two lines")
    alice.reload()
    expect(talk.composer(alice)).to_have_value("A question\nin two lines")
    talk.composer(alice).press("Enter")
    alice.wait_for_url(talk.CONVERSATION)
    address = alice.url
    talk.wait_for_reply(alice)
    talk.composer(alice).fill("And another thing")
    alice.goto(f"{site.url}/chat/")
    expect(talk.composer(alice)).to_have_value("")
    alice.goto(address)
    expect(talk.composer(alice)).to_have_value("And another thing")
    talk.composer(alice).press("Enter")
    talk.wait_for_reply(alice, count=2)
    alice.reload()
    expect(talk.composer(alice)).to_have_value("")


def test_nobody_sees_the_draft_of_another_account_in_the_same_browser(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice")
    page.goto(f"{site.url}/chat/")
    talk.composer(page).fill("Alice's secret")
    page.context.clear_cookies()
    page.context.add_cookies(site.people["Bob"]["cookies"])
    page.goto(f"{site.url}/chat/")
    expect(talk.composer(page)).to_have_value("")
    page.context.clear_cookies()
    page.context.add_cookies(site.people["Alice"]["cookies"])
    page.goto(f"{site.url}/chat/")
    expect(talk.composer(page)).to_have_value("Alice's secret")
