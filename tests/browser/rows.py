"""Files of rows, and how an admin brings them."""

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

READ_MS = 60_000  # a worker that has just started, on a busy machine


def write(path: Path, count: int = 20) -> Path:
    """So many good rows, the fifth with an address in it."""
    rows = [
        {"prompt": f"What is tea {n}?", "completion": f"Leaf {n * 7919} of {n * 104729}."} for n in range(1, count + 1)
    ]
    rows[4]["completion"] += " Write to anna@example.com."
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def bring(page: Page, url: str, path: Path) -> None:
    page.goto(f"{url}/datasets/")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload").click()


def are_counted(page: Page) -> None:
    """Wait until the worker has read the rows and looked through them."""
    expect(page.get_by_text("Length in tokens").first).to_be_visible(timeout=READ_MS)


def review(page: Page, url: str, path: Path) -> None:
    """Brought, and the table of its rows opened."""
    bring(page, url, path)
    are_counted(page)
    page.get_by_role("link", name="Review the rows").click()
    expect(page.locator("#row-1")).to_be_visible()


def open_row(page: Page, number: int) -> Locator:
    page.get_by_role("link", name=f"Edit row {number}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Row {number}")
    expect(dialog.get_by_role("textbox").first).to_be_focused()
    return dialog
