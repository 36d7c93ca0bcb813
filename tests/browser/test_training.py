"""An admin gives the product a file and gets a model: uploaded, checked, trained, watched, ready to serve."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inference.models import check_model
from tests.browser.people import Site

RUN_MS = 240_000  # a run of one minute, its start and end, and a busy machine
TALE = "\n\n".join(
    f"The {a} sat by the {b} and drank {c}."
    for a in ("fox", "hen")
    for b in ("mill", "well")
    for c in "tea milk".split()
)


@pytest.fixture
def tale(tmp_path: Path) -> Path:
    path = tmp_path / "tale.txt"
    path.write_text("\n\n".join([TALE] * 60))
    return path


def upload(page: Page, site: Site, path: Path) -> None:
    page.goto(f"{site.url}/runs/new/")
    page.get_by_label("Add a file").set_input_files(path)
    page.get_by_role("button", name="Upload").click()


def test_a_model_is_trained_from_an_uploaded_file_until_it_is_ready_to_serve(
    site: Site, alice: Page, tale: Path
) -> None:
    upload(alice, site, tale)
    alice.get_by_role("checkbox", name="tale.txt").check()
    alice.get_by_label("Name", exact=True).fill("Tales")
    alice.get_by_role("radio", name="Tiny").check()
    alice.get_by_label("Time").select_option("1")
    alice.get_by_role("button", name="Start").click()

    expect(alice.locator("#chart-loss path").first).to_be_visible(timeout=RUN_MS)
    before = int(alice.locator('[data-fact="step"]').inner_text())
    expect(alice.locator('[data-fact="step"]')).not_to_have_text(str(before))  # without a reload
    alice.locator("#chart-loss").press("ArrowRight")
    expect(alice.locator("#reading")).to_contain_text("Step")
    alice.reload()
    expect(alice.locator("#chart-loss path").first).to_be_visible()

    expect(alice.get_by_text("The model is ready to serve")).to_be_visible(timeout=RUN_MS)
    alice.get_by_label("A text, as its tokenizer divides it").fill("The fox drank tea.")
    expect(alice.locator(".piece").first).to_contain_text("The")
    command = alice.get_by_label("Command").first.input_value()
    check_model(command.removeprefix("MODEL=").removesuffix(" make up"))

    alice.get_by_role("link", name="Models").click()
    expect(alice.get_by_role("link", name="Tales")).to_be_visible()


def test_a_run_is_stopped_and_deleted(site: Site, alice: Page, tale: Path) -> None:
    upload(alice, site, tale)
    alice.get_by_role("checkbox", name="tale.txt").first.check()
    alice.get_by_label("Name", exact=True).fill("Short")
    alice.get_by_label("Time").select_option("60")
    alice.get_by_role("button", name="Start").click()
    alice.get_by_role("button", name="Stop").click()

    expect(alice.get_by_text("Stopped", exact=True)).to_be_visible(timeout=RUN_MS)
    alice.get_by_role("button", name="Delete").click()
    alice.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(alice.get_by_text("The run was deleted.")).to_be_visible()


def test_a_file_that_cannot_be_used_says_why_and_where(site: Site, alice: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "fine"}\n{oops\n')
    upload(alice, site, broken)

    expect(alice.get_by_text("line 2")).to_be_visible()
    alice.get_by_role("button", name="Remove broken.jsonl").click()
    expect(alice.get_by_text("line 2")).to_have_count(0)


def test_members_find_no_way_to_training(site: Site, bob: Page) -> None:
    bob.goto(f"{site.url}/chat/")
    expect(bob.get_by_role("link", name="Chat", exact=True)).to_be_visible()
    expect(bob.get_by_role("link", name="Models")).to_have_count(0)
