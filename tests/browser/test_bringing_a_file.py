"""A file of rows is dropped, rows are pasted; one sees how far an upload is, and can stop it."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import rows
from tests.browser.conftest import Visit
from tests.browser.people import Site

DROPPED = """names => {
  const held = new DataTransfer();
  const row = (_, n) => JSON.stringify({ prompt: `What is tea ${n}?`, completion: `Leaf ${n * 7919}.` });
  const text = Array.from({ length: 8 }, row).join("\\n");
  for (const name of names) held.items.add(new File([text], name));
  return held;
}"""
COPIED = "question\tanswer\n" + "".join(f"Was ist Tee {n}?\tBlatt {n * 7919}.\n" for n in range(8))
A_MINUTE = 1_000_000  # bytes a second, for the file below, too long for anybody's buffers
SLOW = {"offline": False, "latency": 10, "downloadThroughput": -1, "uploadThroughput": A_MINUTE}
FAST = {**SLOW, "latency": 0, "uploadThroughput": -1}


def drop(page: Page, *names: str) -> None:
    """Anywhere on the page."""
    held = page.evaluate_handle(DROPPED, names)
    page.dispatch_event("h1", "dragover", {"dataTransfer": held})
    page.dispatch_event("h1", "drop", {"dataTransfer": held})


def test_a_file_is_dropped_on_the_page_and_uploaded(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/datasets/")
    drop(alice, "one.jsonl", "two.jsonl")
    expect(alice.get_by_role("alert")).to_have_text("One file at a time: bring the others afterwards.")
    drop(alice, "dropped.jsonl")
    expect(alice.get_by_role("alert")).to_have_count(0)
    expect(alice.get_by_role("button", name="Upload")).to_be_focused()
    alice.keyboard.press("Enter")
    rows.are_counted(alice)
    expect(alice.get_by_role("heading", name="dropped")).to_be_visible()


def test_rows_are_pasted_from_a_spreadsheet(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice", permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site.url}/datasets/")
    page.evaluate("text => navigator.clipboard.writeText(text)", COPIED)
    page.keyboard.press("Control+V")
    expect(page.get_by_role("button", name="Upload")).to_be_focused()
    page.keyboard.press("Enter")
    rows.are_counted(page)
    page.get_by_role("link", name="Review the rows").click()
    expect(page.locator("#row-8")).to_contain_text("Blatt 55433.")


def test_an_upload_shows_how_far_it_is_and_is_stopped(site: Site, alice: Page, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"prompt": "What is tea?", "completion": "A leaf."}\n' * 1_200_000)
    line = alice.context.new_cdp_session(alice)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    rows.bring(alice, site.url, path)
    sending = alice.locator("[data-dropfile-sending]")
    expect(sending).to_contain_text(re.compile(r"[1-9]\d? %"))
    expect(sending.get_by_role("progressbar")).not_to_have_attribute("value", "0")
    sending.get_by_role("button", name="Stop").click()
    expect(sending).to_be_hidden()

    line.send("Network.emulateNetworkConditions", FAST)
    alice.reload()
    expect(alice.get_by_role("link", name="many")).to_have_count(0)  # nothing has come of it
