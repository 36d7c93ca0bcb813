"""Translating: two panes, what happens while one types, what is kept, corrected, and seen by colleagues."""

import re
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import PASSWORD, Site, sign_in
from tests.browser.test_accessibility import Scheme, findings
from tests.launch.product import Product, wait_for

ADDRESS = re.compile(r"/translate/[0-9a-f-]{36}/$")
SAYS = {
    "Good morning.": "Guten Morgen.",
    "How are you?": "Wie geht es dir?",
    "Where is the station?": "Wo ist der Bahnhof?",
    "Goodbye.": "Auf Wiedersehen.",
    "Guten Morgen.": "Good morning.",
    "你好。": "Hello.",
}
DORA = f"""
from webapp.accounts.models import User
from webapp.accounts.services import create_team
create_team(name="Cumulus", owner=User.objects.create_user("dora@example.com", "{PASSWORD}", name="Dora"))
"""


@pytest.fixture
def room(site: Site, alice: Page, script: ScriptedEngine) -> Page:
    """Alice at the empty panes, with an engine that knows some German."""
    script.script(replies=SAYS)
    return open_room(alice, site.url)


def open_room(page: Page, url: str, into: str = "de") -> Page:
    page.goto(f"{url}/translate/")
    page.get_by_label("Translate into").select_option(into)
    return page


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text to translate")


def output(page: Page) -> Locator:
    return page.locator("#output")


def segments(page: Page) -> Locator:
    return output(page).locator(".segment")


def shows(page: Page, translation: str) -> None:
    expect(output(page)).to_have_text(translation, use_inner_text=True)
    expect(page.locator("#translate")).to_have_attribute("data-status", "done")


def translated(page: Page, source: str, translation: str) -> str:
    """The address at which it is kept."""
    text(page).fill(source)
    shows(page, translation)
    page.wait_for_url(ADDRESS)
    expect(page.get_by_role("button", name="Good translation")).to_be_visible()
    return page.url


def test_it_translates_as_one_pauses_in_typing(room: Page, script: ScriptedEngine) -> None:
    asked = script.count("requests")
    text(room).press_sequentially("Good morning. How are you?", delay=20)
    shows(room, "Guten Morgen. Wie geht es dir?")
    expect(room.get_by_label("Translate from").locator("option:checked")).to_have_text("English (detected)")
    assert script.count("requests") - asked == 2
    room.reload()
    shows(room, "Guten Morgen. Wie geht es dir?")
    expect(text(room)).to_have_value("Good morning. How are you?")


def test_lines_lists_and_numbers_stay_and_only_what_changed_is_asked_for(room: Page, script: ScriptedEngine) -> None:
    translated(room, "Good morning.\n\n- How are you?\n- 3.14", "Guten Morgen.\n\n- Wie geht es dir?\n- 3.14")
    asked = script.count("requests")
    text(room).fill("Good morning.\n\n- How are you?\n- 3.14\n\nGoodbye.")
    shows(room, "Guten Morgen.\n\n- Wie geht es dir?\n- 3.14\n\nAuf Wiedersehen.")
    assert script.count("requests") - asked == 1


def test_an_input_methods_composition_asks_for_nothing_until_it_is_taken(room: Page, script: ScriptedEngine) -> None:
    room.get_by_label("Translate into").select_option("en")
    asked = script.count("requests")
    text(room).focus()
    method: CDPSession = room.context.new_cdp_session(room)
    for composed in ("n", "ni", "ni h", "ni hao"):
        compose(method, composed)
    room.wait_for_timeout(900)  # longer than the pause after which typed text would be sent
    assert script.count("requests") == asked
    method.send("Input.insertText", {"text": "你好。"})
    shows(room, "Hello.")
    assert script.count("requests") - asked == 1


def compose(method: CDPSession, composed: str) -> Any:
    end = len(composed)
    return method.send("Input.imeSetComposition", {"text": composed, "selectionStart": end, "selectionEnd": end})


def test_swap_exchanges_languages_and_texts(room: Page) -> None:
    first = translated(room, "Good morning.", "Guten Morgen.")
    room.get_by_role("button", name="Swap the languages").click()
    expect(text(room)).to_have_value("Guten Morgen.")
    shows(room, "Good morning.")
    expect(room.get_by_label("Translate from")).to_have_value("de")
    expect(room.get_by_label("Translate into")).to_have_value("en")
    assert room.url != first


def test_a_language_that_one_corrects_stays_so(room: Page) -> None:
    translated(room, "Good morning.", "Guten Morgen.")
    room.get_by_label("Translate from").select_option("nl")
    expect(room.get_by_label("Translate from").locator("option").first).to_have_text("Detect language")
    shows(room, "Guten Morgen.")
    text(room).press("End")
    text(room).press_sequentially(" Goodbye.")
    shows(room, "Guten Morgen. Auf Wiedersehen.")
    room.reload()
    expect(room.get_by_label("Translate from")).to_have_value("nl")


def test_a_text_in_the_language_that_is_wanted_goes_into_another_until_one_says_no(room: Page) -> None:
    into = room.get_by_label("Translate into")
    text(room).fill("Guten Morgen. Wo ist der Bahnhof?")
    expect(room.get_by_text("The text is in German already, so it is translated into")).to_be_visible()
    expect(into).not_to_have_value("de")
    expect(output(room)).not_to_have_text("")
    room.get_by_role("button", name="Undo").click()
    expect(room.get_by_text("The text is in German already. Choose another language")).to_be_visible()
    expect(output(room)).to_have_text("")
    room.reload()
    text(room).press_sequentially(" Bitte!")
    expect(room.locator("#mirror")).to_contain_text("Bitte!")
    expect(into).to_have_value("de")
    expect(output(room)).to_have_text("")


def test_what_a_search_found_is_lit(room: Page, site: Site) -> None:
    translated(room, "Goodbye. How are you? Good morning.", "Auf Wiedersehen. Wie geht es dir? Guten Morgen.")
    room.goto(f"{site.url}/translate/")
    room.get_by_role("searchbox", name="Search the list").press_sequentially("geht")
    room.locator(".result a").filter(has_text="Goodbye. How are you?").click()
    expect(room.locator("#output .lit")).to_have_text("Wie geht es dir?")
    expect(room.locator("#mirror .lit")).to_have_text("How are you?")


def test_a_sentence_points_out_its_counterpart(room: Page) -> None:
    translated(room, "Good morning. How are you?", "Guten Morgen. Wie geht es dir?")
    segments(room).nth(1).hover()
    expect(room.locator("#mirror .lit")).to_have_text("How are you?")
    text(room).click(position={"x": 40, "y": 30})
    expect(output(room).locator(".lit")).to_have_text("Guten Morgen.")


def test_a_sentence_is_corrected_with_the_keyboard_and_the_correction_stays(room: Page) -> None:
    translated(room, "Good morning. How are you?", "Guten Morgen. Wie geht es dir?")
    segments(room).first.focus()
    room.keyboard.press("ArrowRight")
    room.keyboard.press("Enter")
    dialog = room.get_by_role("dialog", name="Correct this sentence")
    expect(dialog).to_contain_text("How are you?")
    dialog.get_by_label("How it should read").fill("Wie geht's?")
    dialog.get_by_role("button", name="Save").click()
    shows(room, "Guten Morgen. Wie geht's?")
    expect(segments(room).nth(1)).to_be_focused()
    room.reload()
    shows(room, "Guten Morgen. Wie geht's?")
    segments(room).nth(1).click()
    room.get_by_role("button", name="The model’s wording").click()
    shows(room, "Guten Morgen. Wie geht es dir?")


def test_another_wording_can_be_had(room: Page, script: ScriptedEngine) -> None:
    translated(room, "Good morning.", "Guten Morgen.")
    script.script(text="Morgen!")
    segments(room).first.click()
    room.get_by_role("button", name="Another wording").click()
    shows(room, "Morgen!")


def test_clear_begins_a_new_translation_and_undo_brings_the_old_one_back(room: Page) -> None:
    address = translated(room, "Good morning.", "Guten Morgen.")
    room.get_by_role("button", name="Clear: a new translation").click()
    expect(text(room)).to_have_value("")
    expect(output(room)).to_have_text("")
    expect(room).to_have_url(re.compile("/translate/$"))
    expect(room.get_by_role("heading", level=1)).to_have_text("Translate")
    room.get_by_role("button", name="Undo").click()
    expect(text(room)).to_have_value("Good morning.")
    shows(room, "Guten Morgen.")
    expect(room).to_have_url(address)


def test_it_is_one_entry_of_the_history_whatever_was_typed_on_the_way(room: Page) -> None:
    text(room).press_sequentially("Where is the sta")
    room.wait_for_url(ADDRESS)
    text(room).press_sequentially("tion?")
    shows(room, "Wo ist der Bahnhof?")
    entries = room.locator(".conversation").filter(has_text="Where is the station?")
    expect(entries).to_have_count(1)
    expect(room.locator(".conversation").filter(has_text=re.compile("Where is the sta$"))).to_have_count(0)


def test_a_thumb_is_kept(room: Page) -> None:
    translated(room, "Goodbye.", "Auf Wiedersehen.")
    room.get_by_role("button", name="Good translation").click()
    expect(room.get_by_role("button", name="Good translation")).to_have_attribute("aria-pressed", "true")
    room.reload()
    expect(room.get_by_role("button", name="Good translation")).to_have_attribute("aria-pressed", "true")


def test_copy_takes_the_translation_with_its_lines(site: Site, script: ScriptedEngine, visit: Visit) -> None:
    script.script(replies=SAYS)
    page = open_room(visit(site, "Alice", permissions=["clipboard-read", "clipboard-write"]), site.url)
    translated(page, "Good morning.\n\nGoodbye.", "Guten Morgen.\n\nAuf Wiedersehen.")
    page.get_by_role("button", name="Copy the translation").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "Guten Morgen.\n\nAuf Wiedersehen."


def test_a_long_text_keeps_its_order_and_can_be_stopped_and_gone_on_with(room: Page, script: ScriptedEngine) -> None:
    script.script(tokens_per_s=8)
    text(room).fill(" ".join(f"This is sentence number {n}." for n in range(40)))
    expect(room.locator("#progress")).to_have_text(re.compile(r"^[1-9]\d* / 40$"))
    room.get_by_role("button", name="Stop").click()
    expect(room.get_by_role("alert").filter(has_text="Stopped.")).to_be_visible()
    script.script()
    room.get_by_role("button", name="Go on").click()
    expect(room.locator("#translate")).to_have_attribute("data-status", "done")
    numbers = [int(n) for n in re.findall(r"This is sentence number (\d+)\.", output(room).inner_text())]
    assert numbers == list(range(40))


def test_what_is_too_long_says_so_and_is_not_lost(room: Page) -> None:
    text(room).fill("Too long. " * 2001)
    expect(room.get_by_text("This is longer than 20,000 characters.")).to_be_visible()
    expect(text(room)).to_have_value("Too long. " * 2001)
    text(room).fill("Goodbye.")
    shows(room, "Auf Wiedersehen.")
    expect(room.get_by_text("This is longer than 20,000 characters.")).to_be_hidden()


def test_with_the_engine_gone_it_says_so_and_goes_on_when_it_is_back(room: Page, script: ScriptedEngine) -> None:
    script.kill()
    text(room).fill("Good morning.")
    expect(room.get_by_text("Waiting for the engine: it is starting or does not answer.")).to_be_visible()
    expect(text(room)).to_have_value("Good morning.")
    script.start()
    expect(output(room)).to_have_text(re.compile(r"Good morning\.$"))  # it echoes
    expect(room.get_by_text("Waiting for the engine")).to_be_hidden()


def test_a_failure_has_a_sentence_and_a_button(room: Page, script: ScriptedEngine) -> None:
    script.fail(status=400, message="No.")
    text(room).fill("Good morning.")
    expect(room.get_by_role("alert").filter(has_text="The engine refused the request.")).to_be_visible()
    room.get_by_role("button", name="Go on").click()
    shows(room, "Guten Morgen.")


def share(page: Page) -> None:
    page.locator(".chat-head").get_by_label("More:").click()
    page.locator(".chat-head").get_by_role("button", name="Share with the team").click()
    expect(page.locator(".chat-head").get_by_text("Shared")).to_be_visible()


def test_colleagues_see_and_change_the_same_and_a_viewer_reads(room: Page, site: Site, bob: Page, visit: Visit) -> None:
    address = translated(room, "Good morning.", "Guten Morgen.")
    share(room)
    victor = visit(site, "Victor")
    for page in (bob, victor):
        page.goto(address)
        shows(page, "Guten Morgen.")
    expect(room.get_by_label("Here now: Bob, Victor")).to_be_visible()
    expect(text(victor)).not_to_be_editable()
    expect(victor.get_by_role("button", name="Clear: a new translation")).to_have_count(0)
    text(bob).press("End")
    text(bob).press_sequentially(" Goodbye.")
    for page in (room, bob, victor):
        shows(page, "Guten Morgen. Auf Wiedersehen.")
        expect(text(page)).to_have_value("Good morning. Goodbye.")


def test_without_script_a_form_and_a_button_translate(site: Site, script: ScriptedEngine, visit: Visit) -> None:
    script.script(replies=SAYS)
    page = open_room(visit(site, "Alice", java_script_enabled=False), site.url)
    text(page).fill("Good morning.\nGoodbye.")
    page.get_by_role("button", name="Translate", exact=True).click()
    page.wait_for_url(ADDRESS)

    def is_whole() -> bool:
        again = page.get_by_role("link", name="Still being translated: look again")
        if busy := again.count() > 0:
            again.click()
        return not busy

    wait_for(is_whole, "the translation is whole", PATIENCE_MS / 1000)
    expect(output(page)).to_have_text("Guten Morgen.\nAuf Wiedersehen.", use_inner_text=True)


def test_in_chinese_the_page_and_its_languages_are_chinese(site: Site, script: ScriptedEngine, visit: Visit) -> None:
    script.script(replies=SAYS)
    page = visit(site, "Alice", locale="zh-CN")
    page.goto(f"{site.url}/translate/")
    expect(page.locator("#target option[value=de]")).to_have_text("德语")


def test_the_real_engine_translates(real_site: Product, visit: Visit) -> None:
    real_site.execute(DORA)
    page = visit(Site(real_site, {}))
    sign_in(page, real_site.url, "Dora")
    page.goto(f"{real_site.url}/translate/")
    text(page).fill("Good morning.")
    expect(page.locator("#translate")).to_have_attribute("data-status", "done")
    expect(segments(page)).to_have_text(re.compile(r"[\u4e00-\u9fff]"))
    expect(page.get_by_text("The built-in demonstration model translates short, simple sentences")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(site: Site, script: ScriptedEngine, visit: Visit, scheme: Scheme, width: int) -> None:
    script.script(replies=SAYS)
    page = visit(site, "Alice", color_scheme=scheme, viewport={"width": width, "height": 844})
    open_room(page, site.url)
    assert findings(page).startswith("Found 0 ")
    translated(page, "Good morning. How are you?", "Guten Morgen. Wie geht es dir?")
    segments(page).first.click()
    page.get_by_label("How it should read").fill("Moin.")
    assert findings(page).startswith("Found 0 ")
    page.get_by_role("button", name="Save").click()
    shows(page, "Moin. Wie geht es dir?")
    script.fail(status=400, message="No.")
    text(page).fill("Good morning. How are you? Where is the station?")
    expect(page.get_by_role("alert").filter(has_text="The engine refused the request.")).to_be_visible()
    assert findings(page).startswith("Found 0 ")


def test_on_a_phone_one_pane_is_above_the_other_and_nothing_is_cut_off(
    site: Site, script: ScriptedEngine, visit: Visit
) -> None:
    script.script(replies=SAYS)
    page = open_room(visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True), site.url)
    translated(page, "Good morning. How are you?", "Guten Morgen. Wie geht es dir?")
    above, below = text(page).bounding_box(), output(page).bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    segments(page).first.tap()
    expect(page.get_by_role("dialog", name="Correct this sentence")).to_be_in_viewport()
