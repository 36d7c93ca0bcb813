"""A row in its dialog: turns come and go, and nothing that was typed is lost by a slip."""

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser import rows
from tests.browser.people import Site


@pytest.fixture
def table(site: Site, alice: Page, tmp_path: Path) -> Page:
    """The review table of twenty rows."""
    rows.review(alice, site.url, rows.write(tmp_path / "teas.jsonl"))
    return alice


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Discard what you typed?")


def dialogs(page: Page) -> Locator:
    return page.locator("dialog[open]")


def test_a_question_and_a_system_message_are_added_by_keyboard_saved_and_removed(table: Page) -> None:
    table.keyboard.press("j")
    table.keyboard.press("e")
    dialog = table.get_by_role("dialog", name="Row 1")
    expect(dialog.get_by_label("User")).to_be_focused()
    dialog.get_by_role("button", name="Add a question and its answer at the end").press("Enter")
    expect(dialog.get_by_label("User").nth(1)).to_be_focused()
    table.keyboard.type("And hot?")
    dialog.get_by_label("Assistant").nth(1).fill("At eighty degrees.")
    dialog.get_by_role("button", name="Add a system message").press("Enter")
    expect(dialog.get_by_label("System message", exact=True)).to_be_focused()
    table.keyboard.type("You sell tea.")
    expect(dialog.get_by_label("User").nth(1)).to_have_value("And hot?")
    table.keyboard.press("Control+Enter")
    expect(dialogs(table)).to_have_count(0)
    expect(table.locator("#row-1")).to_contain_text("At eighty degrees.")
    expect(table.locator("#row-1")).to_be_focused()

    dialog = rows.open_row(table, 1)
    dialog.get_by_role("button", name="Remove question 1 and its answer").click()
    expect(dialog.get_by_label("User")).to_have_count(1)
    expect(dialog.get_by_label("User")).to_have_value("And hot?")
    dialog.get_by_role("button", name="Remove the system message").click()
    expect(dialog.get_by_label("System message", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Save and accept").click()
    expect(dialogs(table)).to_have_count(0)
    texts = rows.open_row(table, 1).get_by_role("textbox")
    expect(texts).to_have_count(2)
    expect(texts.first).to_have_value("And hot?")


def test_what_is_as_it_was_closes_at_once(table: Page) -> None:
    rows.open_row(table, 2)
    table.keyboard.press("Escape")
    expect(dialogs(table)).to_have_count(0)


def test_what_was_typed_is_asked_about_however_one_closes_the_dialog(table: Page) -> None:
    dialog = rows.open_row(table, 2)
    dialog.get_by_label("Assistant").fill("A leaf, of course.")
    for _ in range(3):  # a browser lets a script hold back a second Escape in a row no more
        table.keyboard.press("Escape")
        expect(question(table)).to_be_visible()
        table.keyboard.press("Escape")
        expect(dialogs(table)).to_have_count(1)
    dialog.get_by_role("button", name="Cancel").click()
    question(table).get_by_role("button", name="Go on editing").click()
    expect(dialog.get_by_label("Assistant")).to_have_value("A leaf, of course.")
    table.mouse.click(5, 5)  # beside it
    question(table).get_by_role("button", name="Discard").click()
    expect(dialogs(table)).to_have_count(0)
    expect(table.locator("#row-2")).not_to_contain_text("of course")
    expect(rows.open_row(table, 2).get_by_label("Assistant")).to_have_value("Leaf 15838 of 209458.")


def test_what_the_server_drew_anew_is_asked_about_too(table: Page) -> None:
    dialog = rows.open_row(table, 3)
    dialog.get_by_role("button", name="Add a system message").click()
    expect(dialog.get_by_label("System message", exact=True)).to_be_focused()
    table.keyboard.press("Escape")
    question(table).get_by_role("button", name="Discard").click()

    dialog = rows.open_row(table, 3)
    dialog.get_by_label("User").fill("What is green tea?")
    dialog.get_by_label("Assistant").fill(" ")
    table.keyboard.press("Control+Enter")
    expect(dialog.get_by_text("Write something here, or reject the row.")).to_be_visible()
    table.keyboard.press("Escape")
    question(table).get_by_role("button", name="Go on editing").click()
    expect(dialog.get_by_label("User")).to_have_value("What is green tea?")


def test_who_leaves_the_page_of_a_row_with_something_typed_is_asked_by_the_browser(table: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    table.on("dialog", leave)
    table.goto(f"{table.url.split('?')[0]}4/")
    table.get_by_label("Assistant").fill("A leaf, of course.")
    table.get_by_role("link", name="Next row").click()
    expect(table.get_by_role("heading", name="Row 5")).to_be_visible()
    assert asked == ["beforeunload"]
    table.get_by_label("Assistant").fill("A plant.")
    table.get_by_role("button", name="Save and accept").click()
    expect(table.locator("#row-5")).to_contain_text("A plant.")
    assert asked == ["beforeunload"]


def test_a_dialog_that_closes_takes_the_focus_from_nobody(table: Page) -> None:
    rows.open_row(table, 6)
    table.evaluate("document.getElementById('row-dialog').close(); document.getElementById('row-query').focus()")
    expect(table.locator("#row-dialog")).to_have_count(0)  # its close event has come, later than the focus
    expect(table.get_by_label("Search the rows")).to_be_focused()


def test_many_rows_get_one_verdict_when_one_says_so_twice(table: Page) -> None:
    table.get_by_label("Search the rows").fill("tea 1")  # 1, and 10 to 19
    expect(table.locator("[data-row]")).to_have_count(11)
    table.get_by_role("button", name="Reject all of these").click()
    asked = table.get_by_role("dialog", name="Reject 11 rows?")
    asked.get_by_role("button", name="Cancel").click()
    expect(table.locator('[data-review="rejected"]')).to_have_count(0)
    table.get_by_role("button", name="Reject all of these").click()
    asked.get_by_role("button", name="Reject").click()
    expect(table.locator('[data-review="rejected"]')).to_have_count(11)
    expect(table.get_by_text("11 rows: Rejected.")).to_be_visible()


AT_WORK = """
from webapp.datasets.models import Dataset
Dataset.objects.filter(pk="{pk}").update(job="inspect")
"""
LOOK = 'from webapp.lib.jobs import ask\nask("webapp.datasets.tasks.work", "{pk}")'


def test_a_worker_that_is_done_takes_nothing_from_under_ones_hands(site: Site, table: Page) -> None:
    pk = table.url.split("/")[-3]
    site.product.execute(AT_WORK.format(pk=pk))
    table.reload()
    expect(table.locator("#state")).to_contain_text("Looking through the rows")
    dialog = rows.open_row(table, 7)
    dialog.get_by_label("Assistant").fill("A leaf, of course.")
    site.product.execute(LOOK.format(pk=pk))
    expect(table.locator("#state")).to_have_count(0, timeout=rows.READ_MS)
    expect(dialog.get_by_label("Assistant")).to_have_value("A leaf, of course.")
    table.keyboard.press("Control+Enter")
    expect(dialogs(table)).to_have_count(0)
    expect(table.locator("#row-7")).to_contain_text("of course")
    expect(table.get_by_role("alert")).to_have_count(0)
