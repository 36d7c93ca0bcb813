"""The room in which texts are written: from a wish to a document, and whatever one does with it."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import PASSWORD, Site, sign_in
from tests.launch.product import Product

DOCUMENT = re.compile(r"/write/[0-9a-f-]{36}/$")
TEXT = (
    "# The harbour\n\nOne **fine** morning the *old* harbour woke, and 🚢 ships left it.\n\n- ropes\n- nets\n\n"
    "```python\nprint('ahoy')\n```\n\nThe last words."
)
ELLA = f"""
from webapp.accounts.models import User
from webapp.accounts.services import create_team
create_team(name="Ellipsis", owner=User.objects.create_user("ella@example.com", "{PASSWORD}", name="Ella"))
"""
LONG = " ".join(f"word{number}" for number in range(80))
SELECT = """([from, to]) => {
  const walker = document.createTreeWalker(document.getElementById("document"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node; (node = walker.nextNode()); ) {
    if (node.data.includes(from)) range.setStart(node, node.data.indexOf(from));
    if (node.data.includes(to)) range.setEnd(node, node.data.indexOf(to) + to.length);
  }
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


def begin(page: Page, url: str, topic: str = "Harbours") -> str:
    page.goto(f"{url}/write/")
    page.get_by_label("What about?").fill(topic)
    page.get_by_role("button", name="Write it").click()
    page.wait_for_url(DOCUMENT)
    return page.url


def ended(page: Page, status: str = "done") -> None:
    expect(page.locator(f"#state[data-status={status}]:not([data-active])")).to_be_visible()


def written(page: Page, site: Site, script: ScriptedEngine, text: str = TEXT) -> str:
    """A document with that text; returns its address."""
    script.script(text=text)
    address = begin(page, site.url)
    ended(page)
    return address


def text_of(page: Page) -> Locator:
    return page.locator("#document")


def source(page: Page) -> str:
    """The Markdown, without the new line at its end."""
    answer = page.request.get(f"{page.url.split('edit/')[0]}export/md/")
    assert answer.ok
    return answer.text().removesuffix("\n")


def select(page: Page, first: str, last: str | None = None) -> None:
    page.evaluate(SELECT, [first, last or first])
    expect(page.locator("#scope")).to_be_visible()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def share(page: Page) -> None:
    talk.share(page)


def findings(page: Page) -> str:
    return str(Axe().run(page).generate_report())


def test_a_text_grows_rendered_and_is_then_all_there(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text=TEXT, tokens_per_s=15)
    begin(alice, site.url)
    expect(text_of(alice).get_by_role("heading", name="The harbour")).to_be_visible()
    expect(alice.get_by_role("button", name="Stop")).to_be_visible()
    ended(alice)
    expect(text_of(alice).locator("strong")).to_have_text("fine")
    expect(text_of(alice).get_by_role("button", name="Copy code")).to_be_visible()
    expect(alice.get_by_text(re.compile(r"^\d+ words$"))).to_be_visible()
    assert source(alice) == TEXT


def test_nothing_but_the_selected_words_changes(site: Site, alice: Page, script: ScriptedEngine) -> None:
    written(alice, site, script)
    script.script(text="tugboats sailed", tokens_per_s=5)
    select(alice, "ships left")
    press(alice, "Reword")
    expect(text_of(alice)).to_contain_text("and 🚢 tugboats")
    expect(text_of(alice).get_by_text("The last words.")).to_be_visible()
    ended(alice)
    assert source(alice) == TEXT.replace("ships left", "tugboats sailed")
    expect(text_of(alice)).to_contain_text("and 🚢 tugboats sailed it.")


def test_a_selection_over_marks_and_blocks_is_found_in_the_source(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    written(alice, site, script)
    script.script(text="- sails")
    select(alice, "ropes", "nets")
    press(alice, "Shorten")
    expect(text_of(alice)).to_contain_text("sails")
    ended(alice)
    expect(text_of(alice)).not_to_contain_text("nets")
    assert source(alice) == TEXT.replace("- ropes\n- nets", "- sails")


def test_one_says_what_to_change_with_enter_and_an_input_method_s_enter_says_nothing(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    written(alice, site, script)
    script.script(text="The very end.")
    select(alice, "The last words.")
    field = alice.get_by_role("textbox", name="What to change")
    field.fill("Make it the very end")
    field.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    expect(field).to_have_value("Make it the very end")
    expect(alice.locator("#scope")).to_contain_text("The last words.")
    field.press("Enter")
    expect(text_of(alice)).to_contain_text("The very end.")
    expect(field).to_have_value("")
    ended(alice)
    assert source(alice) == TEXT.replace("The last words.", "The very end.")


def test_a_tone_is_chosen_with_the_keyboard_alone(site: Site, alice: Page, script: ScriptedEngine) -> None:
    written(alice, site, script)
    script.script(text="Ahoy!")
    alice.locator(".quick summary").focus()
    alice.keyboard.press("Enter")
    alice.get_by_role("button", name="Playful").focus()
    alice.keyboard.press("Enter")
    expect(text_of(alice)).to_have_text(re.compile(r"^\s*Ahoy!\s*$"))


def test_a_text_is_stopped_and_goes_on(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text=LONG, tokens_per_s=20)
    begin(alice, site.url)
    expect(text_of(alice)).to_contain_text("word5")
    press(alice, "Stop")
    ended(alice, "stopped")
    expect(alice.get_by_text("Stopped. “Continue” goes on from here")).to_be_visible()
    assert len(source(alice)) < len(LONG)
    press(alice, "Continue")
    ended(alice)
    assert source(alice) == LONG


def test_undo_redo_and_the_list_of_versions(site: Site, alice: Page, script: ScriptedEngine) -> None:
    written(alice, site, script, "One.")
    script.script(text="Two.")
    press(alice, "Continue")
    expect(text_of(alice)).to_contain_text("Two.")
    ended(alice)
    alice.locator("#desk").focus()
    alice.keyboard.press("Control+z")
    expect(text_of(alice)).not_to_contain_text("Two.")
    press(alice, "Redo")
    expect(text_of(alice)).to_contain_text("Two.")
    alice.get_by_text("Versions", exact=True).click()
    alice.get_by_role("link", name="1. Written").click()
    expect(text_of_old(alice)).not_to_contain_text("Two.")
    press(alice, "Go back to this version")
    alice.wait_for_url(DOCUMENT)
    assert source(alice) == "One."


def text_of_old(page: Page) -> Locator:
    page.wait_for_url("**/versions/*/")
    return page.locator("article.document")


def test_one_edits_by_hand_and_has_a_part_of_it_changed(site: Site, alice: Page, script: ScriptedEngine) -> None:
    address = written(alice, site, script, "One.")
    alice.get_by_role("link", name="Edit").click()
    box = alice.get_by_label("The text, as Markdown")
    expect(box).to_have_value("One.")
    alice.wait_for_load_state()  # with the script that hears the keys
    box.fill("One 🚢 and two.")
    box.press("Control+s")
    alice.wait_for_url(address)
    assert source(alice) == "One 🚢 and two."
    script.script(text="three")
    alice.get_by_role("link", name="Edit").click()
    box.fill("One 🚢 and two, four.")
    box.evaluate("box => box.setSelectionRange(box.value.indexOf('two'), box.value.indexOf('two') + 3)")
    press(alice, "Reword")
    alice.wait_for_url(address)
    ended(alice)
    assert source(alice) == "One 🚢 and three, four."


def test_what_was_typed_survives_the_tab_and_a_colleague(
    site: Site, alice: Page, bob: Page, script: ScriptedEngine
) -> None:
    address = written(alice, site, script, "One.")
    share(alice)
    alice.goto(f"{address}edit/")
    box = alice.get_by_label("The text, as Markdown")
    box.fill("Alice's.")
    alice.on("dialog", lambda dialog: dialog.accept())
    alice.reload()
    expect(alice.get_by_text("What you typed last time was not saved")).to_be_visible()
    expect(box).to_have_value("Alice's.")
    bob.goto(f"{address}edit/")
    bob.get_by_label("The text, as Markdown").fill("Bob's.")
    press(bob, "Save")
    bob.wait_for_url(address)
    expect(alice.get_by_text("Bob changed the text meanwhile.")).to_be_visible()
    press(alice, "Save")
    expect(alice.get_by_text("What you typed is kept here")).to_be_visible()
    expect(box).to_have_value("Alice's.")
    press(alice, "Save")
    alice.wait_for_url(address)
    expect(text_of(bob)).to_contain_text("Alice's.")
    alice.get_by_text("Versions", exact=True).click()
    expect(alice.locator(".versions a")).to_have_count(3)


def test_a_colleague_sees_a_text_grow_and_a_viewer_only_reads(
    site: Site, alice: Page, bob: Page, visit: Visit, script: ScriptedEngine
) -> None:
    address = written(alice, site, script, "One.")
    share(alice)
    victor = visit(site, "Victor")
    for page in (bob, victor):
        page.goto(address)
    script.script(text=LONG, tokens_per_s=40)
    press(alice, "Continue")
    for page in (bob, victor):
        expect(text_of(page)).to_contain_text("word5")
        ended(page)
        expect(text_of(page)).to_have_text(re.compile(rf"One\.\s*{LONG}\s*"))
    expect(victor.get_by_text("You may read this text, but not change it.")).to_be_visible()
    for name in ("Continue", "Undo", "Another version"):
        expect(victor.get_by_role("button", name=name)).to_have_count(0)


def test_a_failure_is_said_and_the_text_is_kept(site: Site, alice: Page, script: ScriptedEngine) -> None:
    written(alice, site, script, "One.")
    script.fail(status=400)
    script.script(text="Short.")
    press(alice, "Shorten")
    ended(alice, "failed")
    expect(alice.get_by_role("alert").get_by_text("The engine refused the request.")).to_be_visible()
    assert source(alice) == "One."
    press(alice, "Retry")
    expect(text_of(alice)).to_contain_text("Short.")
    ended(alice)
    assert source(alice) == "Short."


def test_a_text_is_copied_and_exported(site: Site, alice: Page, script: ScriptedEngine, tmp_path: Path) -> None:
    written(alice, site, script)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(alice, "Copy")
    expect(alice.get_by_text("Copied")).to_be_visible()
    assert alice.evaluate("navigator.clipboard.readText()").rstrip("\n") == TEXT
    alice.get_by_text("Export", exact=True).click()
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Word (.docx)").click()
    assert download.value.suggested_filename == "Harbours.docx"
    download.value.save_as(tmp_path / "out.docx")
    assert (tmp_path / "out.docx").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site: Site, visit: Visit, script: ScriptedEngine, scheme: str) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/write/")
    assert findings(page).startswith("Found 0 "), findings(page)
    page.get_by_role("button", name="Write it").click()
    address = written(page, site, script)
    assert findings(page).startswith("Found 0 "), findings(page)
    select(page, "fine")
    assert findings(page).startswith("Found 0 "), findings(page)
    page.get_by_text("Versions", exact=True).click()
    assert findings(page).startswith("Found 0 "), findings(page)
    page.goto(f"{address}edit/")
    assert findings(page).startswith("Found 0 "), findings(page)


def test_without_script_one_writes_reads_and_goes_on(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    page = visit(site, "Alice", java_script_enabled=False)
    script.script(text="One.")
    page.goto(f"{site.url}/write/?kind=story&topic=a+dog")
    press(page, "Write it")
    page.wait_for_url(DOCUMENT)
    for reply in ("One.", "Two."):
        for _ in range(100):
            if page.get_by_text(reply).count():
                break
            page.reload()
        expect(page.get_by_text(reply)).to_be_visible()
        script.script(text="Two.")
        if reply == "One.":
            with page.expect_navigation():  # a reload meanwhile would meet a page that is being left
                press(page, "Continue")


def test_on_a_phone_nothing_is_wider_than_it(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    page = visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    address = written(page, site, script, TEXT + "\n\n```\n" + "a long line " * 40 + "\n```\n")
    for path in (address, f"{address}edit/", f"{site.url}/write/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto(address)
    select(page, "ships left")
    script.script(text="boats leave")
    page.get_by_role("button", name="Reword").tap()
    expect(text_of(page)).to_contain_text("boats leave")


def test_a_book_opens_fast_and_changes_in_one_place(site: Site, alice: Page, script: ScriptedEngine) -> None:
    part = "## Part {}\n\n" + "A sentence of some words, and *another* one. " * 25 + "\n\n"
    written(alice, site, script, "Begin.")
    address = alice.url
    alice.get_by_role("link", name="Edit").click()
    alice.get_by_label("The text, as Markdown").fill("".join(part.format(number) for number in range(110)) + "The end.")
    press(alice, "Save")
    alice.wait_for_url(address)
    expect(alice.get_by_text("22222 words")).to_be_visible()
    opened_ms = alice.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert opened_ms < 4000
    script.script(text="The very end.")
    select(alice, "The end.")
    press(alice, "Reword")
    expect(text_of(alice)).to_contain_text("The very end.")


def test_the_real_engine_writes_a_story_and_goes_on(real_site: Product, visit: Visit) -> None:
    real_site.execute(ELLA)
    page = visit(Site(real_site, {}))
    sign_in(page, real_site.url, "Ella")
    page.goto(f"{real_site.url}/write/")
    page.get_by_label("Story").check()
    page.get_by_label("What about?").fill("a little dog")
    page.get_by_label("or so many words").fill("60")
    page.get_by_role("button", name="Write it").click()
    page.wait_for_url(DOCUMENT)
    expect(page.locator("#state:not([data-active])")).to_be_visible()
    first = source(page)
    assert len(first.split()) > 5
    shown = text_of(page).inner_text()
    press(page, "Continue")
    expect(text_of(page)).not_to_have_text(shown, use_inner_text=True)
    expect(page.locator("#state:not([data-active])")).to_be_visible()
    assert source(page).startswith(first.rstrip())
    assert len(source(page)) > len(first)
