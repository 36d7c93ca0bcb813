"""An admin puts an adapter in service, tries a second one on a share of conversations, and rolls back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.adapters import bring, packed, put_in_service, try_out, upload
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site
from tests.browser.test_accessibility import findings


def version_of_conversation(page: Page, site: Site, name: str) -> str:
    """Who answers in a new one, twice."""
    page.goto(f"{site.url}/chat/")
    page.get_by_label("Model", exact=True).select_option(name)
    talk.write(page, "Hello")
    page.wait_for_url(talk.CONVERSATION)
    talk.wait_for_reply(page)
    talk.write(page, "And again")
    talk.wait_for_reply(page, count=2)
    first, second = (reply.locator(".message-who").inner_text() for reply in talk.replies(page).all())
    assert first == second
    return first


@pytest.mark.parametrize("width", [1280, 390])
def test_an_adapter_goes_into_service_and_out_again(
    site: Site, visit: Visit, alice: Page, bob: Page, tmp_path: Path, width: int
) -> None:
    alice.set_viewport_size({"width": width, "height": 800})
    name = f"Tea shop {width}"
    bring(alice, site, packed(tmp_path, "first", width))
    alice.keyboard.press("Enter")
    alice.get_by_label("Name", exact=True).fill(name)
    alice.keyboard.press("Enter")
    expect(alice.get_by_text("Version 1: first, first in service")).to_be_visible()
    model = alice.url
    alice.get_by_role("button", name="Chat with it").click()
    expect(alice.get_by_text(f"{name} answers now.")).to_be_visible()
    expect(alice.get_by_label("Model", exact=True).locator("option:checked")).to_have_text(name)
    alice.get_by_label("Model", exact=True).select_option("/colloquy")

    bob.goto(f"{site.url}/chat/")
    bob.get_by_label("Model", exact=True).select_option(name)
    talk.write(bob, "Hello")
    talk.wait_for_reply(bob)
    expect(bob.get_by_text(f"{name} · 1")).to_be_visible()

    bring(alice, site, packed(tmp_path, "second", width + 1))
    alice.keyboard.press("Enter")
    alice.get_by_label("Model", exact=True).select_option(name)
    expect(alice.get_by_label("Name", exact=True)).to_be_hidden()
    alice.get_by_label("Who gets it").select_option("50")
    alice.get_by_role("button", name="Put in service").click()
    expect(alice.get_by_role("heading", name="On trial: version 2, in 50 % of the conversations")).to_be_visible()
    alice.get_by_role("button", name="For all").press("Enter")
    expect(alice.get_by_text("Version 2: second, first in service")).to_be_visible()
    alice.get_by_role("button", name="Roll back to version 1").press("Enter")
    expect(alice.get_by_text("Version 1: first, first in service")).to_be_visible()
    alice.get_by_role("button", name="Roll back to the base model").press("Enter")
    expect(alice.get_by_text("The base model answers in its place.")).to_be_visible()
    assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert alice.url == model

    talk.write(bob, "And now?")
    talk.wait_for_reply(bob, count=2)
    expect(talk.replies(bob).last).to_contain_text("colloquy")
    expect(bob.get_by_text(f"{name} is on offer no more")).to_be_visible()  # without a reload
    alice.get_by_role("button", name="Bring back 1").press("Enter")
    expect(alice.get_by_role("button", name="Roll back to the base model")).to_be_visible()
    talk.write(bob, "And once more?")
    talk.wait_for_reply(bob, count=3)
    expect(talk.replies(bob).last).to_contain_text(f"{name} · 1")
    expect(bob.get_by_text("is on offer no more")).to_have_count(0)


def test_half_of_the_conversations_get_the_version_on_trial_and_keep_it(
    site: Site, alice: Page, bob: Page, tmp_path: Path
) -> None:
    bring(alice, site, packed(tmp_path, "first", 21))
    put_in_service(alice, "Canary")
    model = alice.url
    bring(alice, site, packed(tmp_path, "second", 22))
    try_out(alice, "Canary")
    asked: list[str] = []
    while len(set(asked)) < 2:
        asked.append(version_of_conversation(bob, site, "Canary"))
        assert len(asked) < 20, "every conversation got the same version"
    assert set(asked) == {"Canary · 1", "Canary · 2"}
    talk.replies(bob).last.get_by_role("button", name="Good answer").click()
    expect(talk.replies(bob).last.locator('[aria-pressed="true"]')).to_have_count(1)

    figures = alice.get_by_role("region", name="Figures of the trial")
    for number, name in (("2", "second"), ("1", "first")):
        row = figures.get_by_role("row", name=f"{number}: {name}")
        replies = 2 * asked.count(f"Canary · {number}")
        expect(row.get_by_role("cell").first).to_have_text(str(replies))  # without a reload
        expect(row.get_by_role("cell").nth(1)).to_have_text("1" if asked[-1].endswith(number) else "0")
    alice.get_by_role("button", name="Roll back").click()
    expect(alice.get_by_role("button", name="Roll back to the base model")).to_be_visible()
    assert version_of_conversation(bob, site, "Canary") == "Canary · 1"
    assert alice.url == model


def test_people_of_other_teams_do_not_see_it(site: Site, visit: Visit, alice: Page, tmp_path: Path) -> None:
    bring(alice, site, packed(tmp_path, "ours", 31))
    put_in_service(alice, "Only ours")
    charlie = visit(site, "Charlie")
    charlie.goto(f"{site.url}/chat/")
    models = charlie.get_by_label("Model", exact=True)
    expect(models.get_by_role("option", name="colloquy")).to_have_count(1)
    expect(models.get_by_role("option", name="Only ours")).to_have_count(0)
    answer = charlie.goto(alice.url)
    assert answer
    assert answer.status == 404


def test_while_the_engine_is_away_its_page_says_so_and_then_all_serves_again(
    site: Site, script: ScriptedEngine, alice: Page, bob: Page, tmp_path: Path
) -> None:
    bring(alice, site, packed(tmp_path, "steady", 81))
    put_in_service(alice, "Steady")
    script.kill()
    away = alice.get_by_text("The engine does not answer at the moment: replies wait for it.")
    expect(away).to_be_visible()  # without a reload
    assert findings(alice).startswith("Found 0 "), findings(alice)
    bob.goto(f"{site.url}/chat/")
    bob.get_by_label("Model", exact=True).select_option("Steady")
    talk.write(bob, "Are you there?")
    script.start()
    talk.wait_for_reply(bob)
    expect(bob.get_by_text("Steady · 1")).to_be_visible()
    expect(away).to_have_count(0)
    expect(alice.get_by_text("The engine is loading version 1 again")).to_have_count(0)


def test_a_version_that_the_engine_cannot_load_says_why_and_the_old_one_goes_on(
    site: Site, alice: Page, bob: Page, tmp_path: Path
) -> None:
    bring(alice, site, packed(tmp_path, "old", 82))
    put_in_service(alice, "Stubborn")
    bring(alice, site, packed(tmp_path, "new", 83))
    digest = alice.locator("dd code").inner_text()
    (kept,) = (site.product.directory / "adapters").glob(f"{digest}*")
    kept.chmod(0o755)
    kept.rename(tmp_path / "hidden")
    alice.get_by_role("link", name="Put in service").click()
    alice.get_by_label("Model", exact=True).select_option("Stubborn")
    alice.get_by_role("button", name="Put in service").click()
    expect(alice.get_by_role("alert")).to_contain_text("The engine refused version 2: Its files are missing")
    assert findings(alice).startswith("Found 0 "), findings(alice)
    assert version_of_conversation(bob, site, "Stubborn") == "Stubborn · 1"
    alice.get_by_role("button", name="Take version 2 back").click()
    expect(alice.get_by_role("button", name="Roll back to the base model")).to_be_visible()
    expect(alice.get_by_role("alert")).to_have_count(0)


def test_what_looks_again_leaves_the_focus_where_it_is(site: Site, alice: Page, tmp_path: Path) -> None:
    bring(alice, site, packed(tmp_path, "calm", 71))
    put_in_service(alice, "Calm")
    link = alice.get_by_role("link", name="calm")
    link.first.focus()
    with alice.expect_response(re.compile("/state/.+seen=")) as looked:
        pass
    assert looked.value.status == 204
    expect(link.first).to_be_focused()


@pytest.mark.parametrize(("scheme", "seed"), [("light", 9), ("dark", 12)])
def test_axe_finds_nothing_on_its_pages(site: Site, visit: Visit, tmp_path: Path, scheme: str, seed: int) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/serving/")
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("Choose the adapter's files first.")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
    bring(page, site, packed(tmp_path, "lesson", seed))
    assert findings(page).startswith("Found 0 "), findings(page)
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill(f"Axe {scheme}")
    assert findings(page).startswith("Found 0 "), findings(page)
    page.get_by_role("button", name="Put in service").click()
    expect(page).to_have_url(re.compile("/serving/models/"))
    expect(page.get_by_role("button", name="Roll back to the base model")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
    bring(page, site, packed(tmp_path, "another", seed + 1))
    try_out(page, f"Axe {scheme}")
    assert findings(page).startswith("Found 0 "), findings(page)
    page.get_by_role("region", name="Figures of the trial").get_by_role("link", name="another").click()
    page.get_by_role("button", name="Merge into a full model").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
    expect(page.get_by_text("The full model is ready.")).to_be_visible(timeout=120_000)
    assert findings(page).startswith("Found 0 "), findings(page)
    upload(page, site, packed(tmp_path, "refused", 11, r=128))
    expect(page.get_by_role("alert")).to_be_visible()
    assert findings(page).startswith("Found 0 "), findings(page)
    page.goto(f"{site.url}/serving/")
    assert findings(page).startswith("Found 0 "), findings(page)
