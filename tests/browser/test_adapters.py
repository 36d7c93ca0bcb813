"""An admin brings an adapter's files, downloads them, and merges them into a full model."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from inference.models import check_model
from tests.browser.adapters import bring, packed, upload
from tests.browser.people import Site
from tests.browser.test_accessibility import findings
from tests.launch.product import wait_for


def test_files_that_make_no_adapter_are_refused_and_what_was_typed_stays(
    site: Site, alice: Page, tmp_path: Path
) -> None:
    pickled = tmp_path / "adapter_model.bin"
    pickled.write_bytes(b"pickle")
    alice.goto(f"{site.url}/serving/")
    alice.get_by_label("Files").set_input_files(pickled)
    alice.get_by_role("textbox", name="Name").fill("Green teas")
    alice.get_by_role("button", name="Upload and check").click()
    expect(alice.get_by_text("Pickled weights (.bin) are never read.")).to_be_visible()
    expect(alice.get_by_role("textbox", name="Name")).to_have_value("Green teas")

    good = packed(tmp_path, "tea", 41)
    alice.get_by_label("Files").set_input_files([tmp_path / "tea" / file for file in ("adapter_config.json",)])
    alice.get_by_role("button", name="Upload and check").click()
    expect(alice.get_by_text("Choose one .zip archive")).to_be_visible()
    alice.get_by_label("Files").set_input_files(good)
    alice.get_by_role("button", name="Upload and check").click()
    expect(alice.get_by_role("heading", name="Green teas")).to_be_visible()
    expect(alice.get_by_role("link", name="Put in service")).to_be_visible()


def test_an_adapter_that_cannot_be_served_says_why_and_is_not_put_in_service(
    site: Site, alice: Page, tmp_path: Path
) -> None:
    upload(alice, site, packed(tmp_path, "too-wide", 42, r=128))
    expect(alice.get_by_role("alert")).to_contain_text("Its rank is 128, and 64 is the most that is served")
    expect(alice.get_by_role("link", name="Put in service")).to_have_count(0)
    alice.get_by_role("link", name="Bring another one").click()
    row = alice.get_by_role("listitem").filter(has=alice.get_by_role("link", name="too-wide"))
    expect(row).to_contain_text("Its rank is 128")


def test_what_is_downloaded_is_known_again_with_the_way_to_where_it_is(site: Site, alice: Page, tmp_path: Path) -> None:
    bring(alice, site, packed(tmp_path, "there-and-back", 51))
    digest = alice.locator("dd code").inner_text()
    first = alice.url
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "there-and-back.zip"
    upload(alice, site, download.value.path().rename(tmp_path / "back.zip"))
    expect(alice.get_by_role("alert")).to_contain_text("The same adapter was here already, as there-and-back")
    assert findings(alice).startswith("Found 0 "), findings(alice)
    alice.get_by_role("link", name="Show there-and-back").click()
    expect(alice.locator("dd code")).to_have_text(digest)
    assert alice.url == first


def test_an_adapter_is_merged_into_a_full_model_which_is_removed_again(site: Site, alice: Page, tmp_path: Path) -> None:
    bring(alice, site, packed(tmp_path, "whole", 61))
    alice.get_by_role("button", name="Merge into a full model").click()
    expect(alice.get_by_role("progressbar")).to_be_visible()
    alice.get_by_role("button", name="Stop").click()
    alice.get_by_role("button", name="Merge into a full model").click()
    expect(alice.get_by_text("The full model is ready.")).to_be_visible(timeout=120_000)
    command = alice.get_by_label("Command").input_value()
    place = Path(command.split()[0].removeprefix("MODEL="))
    assert command.endswith("SERVED_MODEL=whole make up")
    check_model(str(place))
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Download it").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"model.safetensors", "config.json", "run.json"} <= set(archive.namelist())
    alice.get_by_role("button", name="Remove the full model").click()
    expect(alice.get_by_role("button", name="Merge into a full model")).to_be_visible()
    wait_for(lambda: not place.exists(), "the full model's removal")
