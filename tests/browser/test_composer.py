"""Writing a message."""

import re

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site

WRITING = {"tokens": 400, "tokens_per_s": 20}  # a reply that takes long enough to look at


def test_what_outside_checks_look_for_keeps_its_name(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(**WRITING)
    address = talk.start(alice, site.url, "Hello")
    assert re.fullmatch(re.escape(site.url) + r"/chat/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/", address)
    for name in ("Send", "Stop", "New chat"):
        expect(alice.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(alice.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    expect(talk.replies(alice)).to_have_attribute("data-status", "streaming")
    alice.get_by_role("button", name="Stop").click()
    expect(alice.get_by_role("button", name="Regenerate", exact=True)).to_be_visible()
    expect(alice.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    shown = [(m.get_attribute("data-role"), m.get_attribute("data-status")) for m in talk.messages(alice).all()]
    assert shown == [("user", "done"), ("assistant", "stopped")]
    assert all(re.fullmatch(r"\d+", m.get_attribute("data-message-id") or "") for m in talk.messages(alice).all())


@pytest.mark.parametrize("first", [True, False])
def test_enter_sends_and_shift_enter_breaks_the_line(site: Site, alice: Page, first: bool) -> None:
    if first:
        alice.goto(f"{site.url}/chat/")
    else:
        talk.start(alice, site.url, "Hello")
        talk.wait_for_reply(alice)
    talk.composer(alice).press_sequentially("one")
    talk.composer(alice).press("Shift+Enter")
    talk.composer(alice).press_sequentially("two")
    expect(talk.composer(alice)).to_have_value("one\ntwo")
    talk.composer(alice).press("Enter")
    talk.wait_for_reply(alice, count=1 if first else 2)
    expect(talk.body(talk.messages(alice).nth(0 if first else 2))).to_have_text("one\ntwo", use_inner_text=True)
    expect(talk.composer(alice)).to_have_value("")
    expect(talk.composer(alice)).to_be_focused()


COMPOSED = [
    pytest.param(["n", "ni", "ni h", "ni hao"], "你好", id="Chinese"),
    pytest.param(["ｎ", "に", "にｈ", "にほｎ", "にほん", "日本"], "日本", id="Japanese"),
]


def compose(page: Page, steps: list[str], text: str) -> None:
    """As an input method does: it shows what it has so far, takes Enter for itself, and commits."""
    keyboard = page.context.new_cdp_session(page)
    for step in steps:
        keyboard.send("Input.imeSetComposition", {"text": step, "selectionStart": len(step), "selectionEnd": len(step)})
    press_enter(keyboard, code=229)  # what the keyboard says while an input method is at work
    press_enter(keyboard, code=13)  # what some say of the key that takes the candidate
    keyboard.send("Input.insertText", {"text": text})


@pytest.mark.parametrize(("steps", "text"), COMPOSED)
def test_the_enter_that_ends_a_composition_does_not_send(site: Site, alice: Page, steps: list[str], text: str) -> None:
    alice.goto(f"{site.url}/chat/")
    talk.composer(alice).focus()
    compose(alice, steps, text)
    expect(talk.composer(alice)).to_have_value(text)
    assert alice.url == f"{site.url}/chat/"
    talk.composer(alice).press("Enter")
    alice.wait_for_url(talk.CONVERSATION)
    expect(talk.body(talk.messages(alice).first)).to_have_text(text)
    talk.wait_for_reply(alice)
    talk.composer(alice).focus()
    compose(alice, steps, text)  # the same where there is a socket
    expect(talk.composer(alice)).to_have_value(text)
    expect(talk.messages(alice)).to_have_count(2)


@pytest.mark.parametrize(("steps", "text"), COMPOSED)
def test_nor_does_it_in_the_editor_of_a_message(site: Site, alice: Page, steps: list[str], text: str) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    talk.messages(alice).first.get_by_role("button", name="Edit").click()
    editor = alice.get_by_role("textbox", name="Edited text")
    editor.fill("")
    compose(alice, steps, text)
    expect(editor).to_have_value(text)
    keyboard = alice.context.new_cdp_session(alice)
    keyboard.send("Input.imeSetComposition", {"text": "x", "selectionStart": 1, "selectionEnd": 1})
    for kind in ("rawKeyDown", "keyUp"):  # the Escape that drops what is composed leaves the editor open
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": "Escape", "windowsVirtualKeyCode": 229})
    keyboard.send("Input.imeSetComposition", {"text": "", "selectionStart": 0, "selectionEnd": 0})
    expect(editor).to_have_value(text)
    editor.press("Enter")
    expect(talk.body(talk.messages(alice).first)).to_have_text(text)


def press_enter(keyboard: CDPSession, code: int) -> None:
    for kind in ("rawKeyDown", "keyUp"):
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": "Enter", "windowsVirtualKeyCode": code})


# Nothing is awaited: the page may be on its way to the next one before the second time.
TWICE = """() => {
  const form = document.getElementById("composer");
  form.requestSubmit();
  setTimeout(() => form.requestSubmit(), 20);
}"""


def test_a_conversation_begun_by_pressing_enter_twice_is_one(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/chat/")
    talk.composer(alice).fill("Once and no more")
    alice.evaluate(TWICE)
    alice.wait_for_url(talk.CONVERSATION)
    talk.wait_for_reply(alice)
    expect(talk.messages(alice)).to_have_count(2)
    alice.reload()
    expect(alice.locator(".conversation").filter(has_text="Once and no more")).to_have_count(1)


def test_a_message_sent_by_pressing_enter_twice_is_one(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    talk.composer(alice).fill("Once only")
    alice.evaluate(TWICE.replace("20", "0"))
    talk.wait_for_reply(alice, count=2)
    talk.write(alice, "And on")
    talk.wait_for_reply(alice, count=3)
    expect(talk.messages(alice)).to_have_count(6)


def test_nothing_is_sent_when_nothing_is_written(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    talk.composer(alice).fill("  ")
    talk.composer(alice).press("Enter")
    talk.write(alice, "Something")
    talk.wait_for_reply(alice, count=2)
    expect(talk.messages(alice)).to_have_count(4)


def test_a_suggestion_is_put_into_the_composer(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/chat/")
    alice.get_by_role("button", name="Tell me a short story.").click()
    expect(talk.composer(alice)).to_have_value("Tell me a short story.")
    expect(talk.composer(alice)).to_be_focused()


def test_what_a_page_forgets_is_not_sent_again_when_one_goes_back(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice")
    talk.start(page, site.url, "There and back")
    talk.wait_for_reply(page)
    page.go_back()
    expect(talk.messages(page)).to_have_count(0)
    talk.write(page, "Another way")
    page.wait_for_url(talk.CONVERSATION)
    expect(talk.body(talk.messages(page).first)).to_have_text("Another way")
