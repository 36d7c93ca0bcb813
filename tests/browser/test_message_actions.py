"""What one does with a message: word it anew, have it continued, delete it, judge it, read about it."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site

STORY = " ".join(f"word{number}" for number in range(60))
SLOWLY = {"text": STORY, "tokens_per_s": 15}


def begin(page: Page, site: Site, text: str = "Hello") -> str:
    address = talk.start(page, site.url, text)
    talk.wait_for_reply(page)
    return address


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Edited text")


def edit(message: Locator) -> None:
    message.get_by_role("button", name="Edit").click()


def test_another_wording_stands_beside_the_first(site: Site, alice: Page) -> None:
    begin(alice, site)
    question = talk.messages(alice).first
    edit(question)
    expect(editor(alice)).to_be_focused()
    expect(editor(alice)).to_have_value("Hello")
    editor(alice).fill("Good")
    editor(alice).press("Shift+Enter")
    editor(alice).press_sequentially("day")
    editor(alice).press("Enter")
    expect(talk.body(question)).to_have_text("Good\nday", use_inner_text=True)
    expect(question).to_contain_text("2 / 2")
    assert talk.wait_for_reply(alice).startswith("You wrote: Good")
    alice.locator("#thread").focus()
    alice.keyboard.press("[")
    expect(talk.body(question)).to_have_text("Hello")
    assert talk.wait_for_reply(alice) == "You wrote: Hello"
    question.get_by_role("button", name="The next wording").click()
    expect(question).to_contain_text("2 / 2")


def test_escape_leaves_all_as_it_was(site: Site, alice: Page) -> None:
    begin(alice, site)
    talk.composer(alice).press("ArrowUp")
    editor(alice).fill("Never mind")
    editor(alice).press("Escape")
    expect(editor(alice)).to_have_count(0)
    expect(talk.body(talk.messages(alice).first)).to_have_text("Hello")
    expect(talk.messages(alice).first.get_by_role("button", name="Edit")).to_be_focused()


def test_a_wording_that_cannot_be_sent_is_kept(site: Site, alice: Page, script: ScriptedEngine) -> None:
    begin(alice, site)
    edit(talk.messages(alice).first)
    editor(alice).fill("Good day")
    alice.context.set_offline(True)
    editor(alice).press("Enter")
    expect(alice.get_by_role("alert").filter(has_text="The server could not be reached.")).to_be_visible()
    alice.context.set_offline(False)
    script.script(**SLOWLY)
    talk.write(alice, "Something long")
    talk.has_begun(alice)
    editor(alice).press("Enter")
    expect(alice.get_by_role("alert").filter(has_text="A reply is being written.")).to_be_visible()
    expect(editor(alice)).to_have_value("Good day")
    alice.get_by_role("button", name="Stop", exact=True).click()
    talk.wait_for_reply(alice, status="stopped")
    editor(alice).press("Enter")
    expect(talk.body(talk.messages(alice).first)).to_have_text("Good day")


def test_what_is_being_edited_survives_what_colleagues_do(site: Site, alice: Page, bob: Page) -> None:
    address = begin(alice, site)
    talk.share(alice)
    bob.goto(address)
    edit(talk.messages(alice).first)
    editor(alice).fill("Half written")
    talk.replies(bob).first.get_by_role("button", name="Regenerate").click()
    expect(talk.replies(alice).first).to_contain_text("2 / 2")
    expect(editor(alice)).to_have_value("Half written")


def test_a_stopped_reply_is_continued_as_one_for_everybody(
    site: Site, alice: Page, bob: Page, script: ScriptedEngine
) -> None:
    address = begin(alice, site)
    talk.share(alice)
    bob.goto(address)
    script.script(**SLOWLY)
    talk.write(alice, "Tell us")
    talk.has_begun(bob)
    talk.composer(alice).press("Escape")
    part = talk.wait_for_reply(alice, status="stopped")
    assert part in STORY
    talk.record(alice)
    bob.get_by_role("button", name="Continue").click()
    for page in (alice, bob):
        assert talk.wait_for_reply(page, count=2) == STORY
    assert [text for text in talk.strays(alice, STORY) if text] == []
    alice.reload()
    assert talk.wait_for_reply(alice, count=2) == STORY
    expect(alice.get_by_role("button", name="Continue")).to_have_count(0)


def test_a_waiting_message_can_be_changed_and_taken_back(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(tokens_per_s=2)
    talk.start(alice, site.url, "first of the three that I have to write")
    talk.has_begun(alice)
    for text in ("second", "third"):
        talk.write(alice, text)
    expect(talk.messages(alice)).to_have_count(4)
    edit(talk.messages(alice).nth(2))
    editor(alice).fill("second, better")
    editor(alice).press("Enter")
    expect(talk.body(talk.messages(alice).nth(2))).to_have_text("second, better")
    talk.messages(alice).nth(3).get_by_role("button", name="Delete").click()
    expect(talk.composer(alice)).to_have_value("third")
    expect(talk.messages(alice)).to_have_count(3)
    script.script()
    alice.get_by_role("button", name="Stop", exact=True).click()
    assert talk.wait_for_reply(alice) == "You wrote: second, better"


def test_a_message_is_deleted_with_what_follows_once_that_is_confirmed(site: Site, alice: Page) -> None:
    begin(alice, site)
    talk.write(alice, "More")
    talk.wait_for_reply(alice, count=2)
    talk.messages(alice).nth(2).get_by_role("button", name="Delete").click()
    dialog = alice.get_by_role("dialog", name="Delete this message?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(talk.messages(alice)).to_have_count(4)
    talk.messages(alice).nth(2).get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(talk.messages(alice)).to_have_count(2)
    alice.reload()
    expect(talk.messages(alice)).to_have_count(2)


def test_thumb_and_correction_are_there_again_and_are_ones_own(site: Site, alice: Page, bob: Page) -> None:
    address = begin(alice, site)
    talk.share(alice)
    reply = talk.replies(alice).first
    reply.get_by_role("button", name="Bad answer").click()
    reply.get_by_role("button", name="Correct the answer").click()
    dialog = alice.get_by_role("dialog", name="What would have been the right answer?")
    expect(dialog.get_by_role("textbox")).to_have_value("You wrote: Hello")
    dialog.get_by_role("textbox").fill("Hello, Alice!")
    alice.context.set_offline(True)
    dialog.get_by_role("button", name="Save").click()
    expect(alice.get_by_text("The server could not be reached.")).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_have_value("Hello, Alice!")
    alice.context.set_offline(False)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(reply.get_by_role("button", name="Correct the answer")).to_be_focused()
    alice.reload()
    pressed = reply.locator('[aria-pressed="true"]')
    expect(pressed).to_have_count(2)
    expect(pressed.first).to_have_attribute("aria-label", "Bad answer")
    bob.goto(address)
    expect(talk.replies(bob).locator('[aria-pressed="true"]')).to_have_count(0)


def test_a_correction_is_not_lost_by_a_slip(site: Site, alice: Page) -> None:
    begin(alice, site)
    correct = talk.replies(alice).first.get_by_role("button", name="Correct the answer")
    correct.click()
    dialog = alice.get_by_role("dialog", name="What would have been the right answer?")
    dialog.get_by_role("textbox").fill("Hello, Alice!")
    alice.keyboard.press("Escape")
    question = alice.get_by_role("dialog", name="Discard what you typed?")
    question.get_by_role("button", name="Go on editing").click()
    expect(dialog.get_by_role("textbox")).to_have_value("Hello, Alice!")
    alice.keyboard.press("Escape")
    question.get_by_role("button", name="Discard").click()
    expect(dialog).to_have_count(0)
    correct.click()
    alice.keyboard.press("Escape")  # nothing was typed: nothing is asked
    expect(dialog).to_have_count(0)


def test_a_reply_says_who_wrote_it_and_how_fast(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text=STORY, tokens_per_s=60)
    begin(alice, site)
    more = talk.replies(alice).get_by_label("More for this reply")
    more.focus()
    alice.keyboard.press("Enter")
    alice.get_by_role("button", name="About this reply").press("Enter")
    dialog = alice.get_by_role("dialog", name="About this reply")
    for words in ("colloquy", "60 tokens", re.compile(r"\d+ tokens/s"), "the model had finished"):
        expect(dialog).to_contain_text(words)
    alice.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(more).to_be_focused()


def test_a_reply_is_copied_as_markdown(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    script.script(text="A **bold** word")
    page = visit(site, "Alice", permissions=["clipboard-read", "clipboard-write"])
    begin(page, site)
    talk.replies(page).get_by_label("More for this reply").click()
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "A **bold** word"


def test_a_question_without_a_reply_gets_one_for_the_asking(site: Site, alice: Page) -> None:
    begin(alice, site)
    talk.replies(alice).get_by_label("More for this reply").click()
    talk.replies(alice).get_by_role("button", name="Delete").click()
    alice.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Delete").click()
    expect(talk.messages(alice)).to_have_count(1)
    alice.get_by_role("button", name="Get a reply").click()
    assert talk.wait_for_reply(alice) == "You wrote: Hello"
    expect(alice.get_by_role("button", name="Get a reply")).to_be_hidden()
