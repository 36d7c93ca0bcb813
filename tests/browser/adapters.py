"""Adapters for the built-in model, and what an admin does with them in a browser."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from inference.server import ROOT
from tests.browser.people import Site
from tests.tiny_llama import write_adapter

BUILTIN = ROOT / "inference" / "builtin"


def packed(place: Path, name: str, seed: int, **options: object) -> Path:
    """An archive with a random adapter for the built-in model; options change its configuration."""
    made = write_adapter(place / name, BUILTIN, seed=seed, **options)
    with zipfile.ZipFile(place / f"{name}.zip", "w") as archive:
        for file in made.iterdir():
            archive.write(file, file.name)
    return place / f"{name}.zip"


def upload(page: Page, site: Site, archive: Path) -> None:
    page.goto(f"{site.url}/serving/")
    page.get_by_label("Files").set_input_files(archive)
    page.get_by_role("button", name="Upload and check").press("Enter")
    page.wait_for_url(re.compile("/serving/adapters/.+"))


def bring(page: Page, site: Site, archive: Path) -> None:
    """Ends on the adapter's page, once a worker has checked it."""
    upload(page, site, archive)
    page.get_by_role("link", name="Put in service").focus()


def put_in_service(page: Page, name: str) -> None:
    """The adapter on whose page one is, under that name."""
    page.get_by_role("link", name="Put in service").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Put in service").click()
    expect(page.get_by_role("button", name="Roll back to the base model")).to_be_visible()


def try_out(page: Page, name: str) -> None:
    """The same on half of that model's conversations."""
    page.get_by_role("link", name="Put in service").click()
    page.get_by_label("Model", exact=True).select_option(name)
    page.get_by_label("Who gets it").select_option("50")
    page.get_by_role("button", name="Put in service").click()
    expect(page.get_by_role("heading", name="On trial: version 2")).to_be_visible()
    expect(page.get_by_text("The engine is loading version 2.")).to_have_count(0)
