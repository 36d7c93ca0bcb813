"""Asking about a text, as a person does it: paste or drop, ask, and see where the answer stands."""

import re

import pytest
from playwright.sync_api import Page, expect

from inference.prompts import NOT_IN_TEXT
from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site
from tests.browser.test_accessibility import Scheme, findings, scheme
from tests.browser.test_phone import wider

__all__ = ["scheme"]

OWLS = "Owls hunt at night. They eat mice and voles. The barn owl weighs 350 grams. It lives in towers."
ASK = re.compile(r"/ask/[0-9a-f-]{36}/$")


def ask(page: Page, site: Site, question: str = "What do owls eat?", text: str = OWLS) -> str:
    page.goto(f"{site.url}/ask/")
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Question").fill(question)
    page.get_by_label("Question").press("Enter")
    page.wait_for_url(ASK)
    return page.url


def test_the_answer_points_to_its_sentence_in_the_text(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text="Mice and voles, they eat.", tokens_per_s=8)
    ask(alice, site)
    lit = alice.locator(".sentence.lit")
    expect(lit).to_have_text("They eat mice and voles.")
    talk.wait_for_reply(alice)
    expect(lit).to_have_text("They eat mice and voles.")
    script.script(text="The barn owl weighs 350 grams.")
    talk.write(alice, "How heavy is the barn owl?")
    talk.wait_for_reply(alice, count=2)
    expect(lit).to_have_text("The barn owl weighs 350 grams.")
    talk.replies(alice).first.hover()
    expect(lit).to_have_text("They eat mice and voles.")
    alice.locator("#passage-text").hover()
    expect(lit).to_have_text("The barn owl weighs 350 grams.")
    talk.replies(alice).first.get_by_role("link", name="Show in the text").focus()
    expect(lit).to_have_text("They eat mice and voles.")


def test_an_answer_that_was_chosen_stays_lit_until_another_comes(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    script.script(text="Mice and voles.")
    ask(alice, site)
    talk.wait_for_reply(alice)
    script.script(text=NOT_IN_TEXT["en"])
    talk.write(alice, "Who painted them?")
    talk.wait_for_reply(alice, count=2)
    lit = alice.locator(".sentence.lit")
    expect(lit).to_have_count(0)
    alice.get_by_role("link", name="Show in the text").first.click()
    alice.locator("#passage-text").hover()
    expect(lit).to_have_text("They eat mice and voles.")
    script.script(text="The barn owl weighs 350 grams.")
    talk.write(alice, "How heavy is the barn owl?")
    talk.wait_for_reply(alice, count=3)
    expect(lit).to_have_text("The barn owl weighs 350 grams.")


def test_an_answer_that_is_not_in_the_text_is_said_to_be(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text=NOT_IN_TEXT["en"])
    ask(alice, site, "Who painted them?")
    talk.wait_for_reply(alice)
    expect(alice.get_by_text("Not in this text", exact=True)).to_be_visible()
    expect(alice.locator(".sentence.lit")).to_have_count(0)
    alice.reload()
    expect(alice.get_by_text("Not in this text", exact=True)).to_be_visible()


def test_a_dropped_file_is_read_into_the_box(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/ask/")
    chooser = {"name": "owls.txt", "mimeType": "text/plain", "buffer": OWLS.encode("utf-16")}
    alice.locator("input[type=file]").set_input_files(chooser)
    expect(alice.get_by_label("Text", exact=True)).to_have_value(OWLS)
    dropped = alice.evaluate_handle("""() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 0, 0])], "owls.docx"));
      return data;
    }""")
    alice.locator("[data-filebox]").dispatch_event("drop", {"dataTransfer": dropped})
    expect(alice.get_by_text("owls.docx is no text file.")).to_be_visible()
    expect(alice.get_by_label("Text", exact=True)).to_have_value(OWLS)


def test_the_enter_of_an_input_method_does_not_ask(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/ask/")
    alice.get_by_label("Text", exact=True).fill(OWLS)
    question = alice.get_by_label("Question")
    question.fill("猫头鹰")
    question.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    question.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})
    expect(alice).to_have_url(f"{site.url}/ask/")
    question.press("Enter")
    alice.wait_for_url(ASK)


@pytest.fixture
def phone(site: Site, visit: Visit) -> Page:
    return visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def test_on_a_phone_the_text_is_folded_until_an_answer_shows_it(
    site: Site, phone: Page, script: ScriptedEngine
) -> None:
    script.script(text="Mice and voles.")
    ask(phone, site)
    talk.wait_for_reply(phone)
    expect(phone.locator("#passage-text")).to_be_hidden()
    phone.get_by_role("link", name="Show in the text").tap()
    expect(phone.locator(".sentence.lit")).to_be_in_viewport()
    expect(talk.composer(phone)).to_be_in_viewport(ratio=1)
    assert wider(phone) is False


def test_nothing_hinders_anybody(site: Site, visit: Visit, script: ScriptedEngine, scheme: Scheme) -> None:
    page = visit(site, "Alice", color_scheme=scheme)
    page.goto(f"{site.url}/ask/")
    assert findings(page).startswith("Found 0 ")
    script.script(text="Mice and voles.")
    ask(page, site)
    talk.wait_for_reply(page)
    expect(page.locator(".sentence.lit")).to_have_count(1)
    assert findings(page).startswith("Found 0 ")


def test_it_works_without_script(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    script.script(text="Mice and voles.")
    page = visit(site, "Alice", java_script_enabled=False)
    page.goto(f"{site.url}/ask/")
    page.get_by_label("Text", exact=True).fill(OWLS)
    page.get_by_label("Question").fill("What do owls eat?")
    page.get_by_role("main").get_by_role("button", name="Ask").click()
    page.wait_for_url(ASK)
    for _ in range(20):
        if page.locator("[data-role=assistant][data-status=done]").count():
            break
        page.reload()
    expect(page.locator(".sentence.lit")).to_have_text("They eat mice and voles.")
