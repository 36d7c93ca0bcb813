"""The list of conversations as one lives with it: searching, pinning, what colleagues do, files that are brought."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site
from tests.browser.test_accessibility import findings

THOUSAND = """
from webapp.accounts.models import User
from webapp.chat import services
from webapp.chat.models import Conversation, Message
alice = User.objects.get(name="Alice")
team = alice.memberships.get().team
for number in range(1000):
    conversation = Conversation.objects.create(team=team, author=alice, title=f"Subject {number}", task="write")
    conversation.leaf = Message.objects.create(conversation=conversation, author=alice, role="user", content="Words")
    conversation.save()
"""


def query(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search the list")


def row(page: Page, title: str) -> Locator:
    return page.locator("#conversations .conversation", has=page.get_by_role("link", name=title))


def in_row(page: Page, title: str, entry: str) -> None:
    row(page, title).hover()
    row(page, title).get_by_label("More:").click()
    row(page, title).get_by_role("button", name=entry).click()


def test_a_message_is_found_and_reached_with_the_keyboard_alone(site: Site, alice: Page) -> None:
    address = talk.start(alice, site.url, "Where do the storks spend the winter?")
    talk.wait_for_reply(alice)
    talk.start(alice, site.url, "今天的会议改到下午三点")
    talk.wait_for_reply(alice)
    query(alice).press_sequentially("会议改")
    expect(alice.locator("#found .result")).to_have_count(1)
    expect(alice.locator("#found mark").first).to_have_text("会议")
    query(alice).press("Escape")
    expect(alice.locator("#found .result")).to_have_count(0)
    expect(row(alice, "今天的会议改到下午三点")).to_be_visible()
    query(alice).press_sequentially("stork")
    expect(alice.locator("#found .result")).to_have_count(1)
    expect(alice.get_by_text("1 found")).to_have_count(1)
    assert findings(alice).startswith("Found 0 ")
    query(alice).press("ArrowDown")
    expect(alice.locator("#found .result a")).to_be_focused()
    alice.keyboard.press("ArrowUp")
    expect(query(alice)).to_be_focused()
    query(alice).press("Enter")
    alice.wait_for_url(f"{address}?at=*")
    expect(alice.locator("article:target")).to_be_in_viewport()


def test_an_input_methods_enter_does_not_leave_the_search(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "编译器的会议")
    query(alice).press_sequentially("会议")
    expect(alice.locator("#found .result").first).to_be_visible()
    here = alice.url
    query(alice).dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    query(alice).dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True, "cancelable": True})
    expect(alice.locator("#found .result").first).to_be_visible()
    assert alice.url == here


def test_nothing_found_is_said_and_the_search_works_without_script(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice", java_script_enabled=False)
    page.goto(f"{site.url}/chat/")
    query(page).fill("zzzzzz")
    query(page).press("Enter")
    expect(page.get_by_text("Nothing found for “zzzzzz”.")).to_be_visible()


def test_a_row_is_pinned_renamed_and_deleted_where_it_stands(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Row of mine")
    alice.goto(f"{site.url}/chat/")
    in_row(alice, "Row of mine", "Pin")
    expect(alice.get_by_role("heading", name="Pinned")).to_be_visible()
    assert alice.url == f"{site.url}/chat/"
    assert findings(alice).startswith("Found 0 ")
    in_row(alice, "Row of mine", "Rename")
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_role("dialog").get_by_label("Title").fill("Row of ours")
    alice.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row(alice, "Row of ours")).to_be_visible()
    in_row(alice, "Row of ours", "Delete")
    expect(row(alice, "Row of ours")).to_have_count(0)
    alice.get_by_role("button", name="Undo").click()
    expect(row(alice, "Row of ours")).to_be_visible()


def test_a_row_is_pinned_and_deleted_without_script(site: Site, visit: Visit, alice: Page) -> None:
    talk.start(alice, site.url, "Plain row")
    page = visit(site, "Alice", java_script_enabled=False)
    page.goto(f"{site.url}/chat/")
    row(page, "Plain row").hover()
    row(page, "Plain row").get_by_label("More:").click()
    page.get_by_role("button", name="Pin", exact=True).click()
    row(page, "Plain row").hover()
    row(page, "Plain row").get_by_label("More:").click()
    page.get_by_role("button", name="Delete").click()
    expect(row(page, "Plain row")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "Plain row")).to_be_visible()


def test_what_a_colleague_shares_names_and_deletes_appears_in_an_open_list(site: Site, alice: Page, bob: Page) -> None:
    bob.goto(f"{site.url}/chat/")
    expect(query(bob)).to_be_visible()
    talk.start(alice, site.url, "News for Bob")
    talk.share(alice)
    expect(row(bob, "News for Bob")).to_be_visible()
    in_row(alice, "News for Bob", "Rename")
    alice.get_by_role("dialog").get_by_label("Title").fill("Good news")
    alice.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row(bob, "Good news")).to_be_visible()
    talk.choose(alice, "Delete")
    expect(row(bob, "Good news")).to_have_count(0)


def test_a_list_of_a_thousand_rows_scrolls_to_its_end(site: Site, alice: Page) -> None:
    site.product.execute(THOUSAND)
    alice.goto(f"{site.url}/write/")
    rows = alice.locator("#conversations .conversation")
    expect(rows).to_have_count(40)
    for loaded in range(80, 1001, 40):
        alice.locator(".sidebar-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        expect(rows).to_have_count(loaded)
    expect(alice.get_by_role("link", name="Subject 0", exact=True)).to_have_count(1)


def test_conversations_come_in_and_are_told_of(site: Site, alice: Page, tmp_path: Path) -> None:
    said = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["From elsewhere"]}}
    mapping: dict[str, Any] = {"a": {"parent": None, "children": [], "message": said}}
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([{"title": "Brought along", "mapping": mapping, "id": "x"}]))
    alice.goto(f"{site.url}/settings/conversations/")
    assert findings(alice).startswith("Found 0 ")
    alice.get_by_label("File").set_input_files(file)
    alice.get_by_role("button", name="Import").click()
    expect(alice.get_by_text("1 conversation imported.")).to_be_visible()
    assert findings(alice).startswith("Found 0 ")
    alice.goto(f"{site.url}/chat/")
    row(alice, "Brought along").get_by_role("link").click()
    expect(alice.get_by_text("From elsewhere")).to_be_visible()
