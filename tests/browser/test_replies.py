"""A reply while it is written: stopped, reloaded, failed, in a queue, and written by an engine that dies."""

import re

from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site
from tests.launch.product import wait_for

LONG = {"tokens": 400, "tokens_per_s": 25}
STORY = " ".join(f"word{number}" for number in range(60))
SLOWLY = {"text": STORY, "tokens_per_s": 20}


def test_stop_keeps_what_was_written_and_ends_the_engines_work(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(**LONG)
    aborted = script.count("aborts")
    talk.start(alice, site.url, "A long one, please")
    talk.has_begun(alice)
    alice.get_by_role("button", name="Stop").click()
    text = talk.wait_for_reply(alice, status="stopped")
    assert 2 <= len(text.split()) < 400
    expect(talk.replies(alice)).to_contain_text("Stopped.")
    wait_for(lambda: script.count("aborts") == aborted + 1, "the engine stops writing")
    alice.reload()
    assert talk.wait_for_reply(alice, status="stopped") == text


def test_a_page_that_is_reloaded_goes_on_where_the_reply_is(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(**SLOWLY)
    talk.start(alice, site.url, "Tell me")
    talk.has_begun(alice)
    before = talk.said(alice)
    alice.reload()
    talk.has_begun(alice)
    talk.record(alice)
    assert talk.recorded(alice)[0].startswith(before)
    assert talk.wait_for_reply(alice) == STORY
    assert talk.strays(alice, STORY) == []
    assert len(talk.recorded(alice)) > 5


def test_a_reply_that_failed_says_so_and_can_be_tried_again(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.fail(status=400, message="No.")
    talk.start(alice, site.url, "Will it work?")
    talk.wait_for_reply(alice, status="failed")
    expect(alice.get_by_role("alert").filter(has_text="The engine refused the request.")).to_be_visible()
    alice.get_by_role("button", name="Retry").click()
    assert talk.wait_for_reply(alice) == "You wrote: Will it work?"
    expect(talk.messages(alice)).to_have_count(2)


def test_a_message_written_meanwhile_waits_and_all_are_answered_in_order(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    script.script(tokens_per_s=3)
    talk.start(alice, site.url, "first of three")
    for text in ("second of three", "third of three"):
        talk.write(alice, text)
        waiting = alice.locator("article[data-role=user][data-status=queued]").filter(has_text=text)
        expect(waiting).to_contain_text("Waits until the reply before it has ended.")
    script.script()
    talk.wait_for_reply(alice, count=3)
    texts = [talk.body(message).inner_text() for message in talk.messages(alice).all()]
    asked = ["first of three", "second of three", "third of three"]
    assert texts == [line for text in asked for line in (text, f"You wrote: {text}")]


def test_another_answer_stands_beside_the_first_and_both_can_be_seen(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    script.script(text="The first answer.")
    talk.start(alice, site.url, "Say something")
    talk.wait_for_reply(alice)
    script.script(text="The second answer.")
    alice.get_by_role("button", name="Regenerate").click()
    expect(talk.body(talk.replies(alice, "done"))).to_have_text("The second answer.")
    expect(alice.locator(".siblings")).to_have_text(re.compile(r"2 / 2"))
    alice.get_by_role("button", name="The answer before").click()
    expect(talk.body(talk.replies(alice, "done"))).to_have_text("The first answer.")
    alice.get_by_role("button", name="The next answer").click()
    expect(talk.body(talk.replies(alice, "done"))).to_have_text("The second answer.")


def test_a_reply_goes_on_when_the_engine_that_wrote_it_has_died_and_is_back(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    script.script(tokens=60, tokens_per_s=20)
    talk.start(alice, site.url, "Tell me all")
    talk.record(alice)
    talk.has_begun(alice)
    script.kill()
    expect(talk.replies(alice)).to_contain_text("Waiting for the engine")
    written = talk.said(alice)
    script.start("--tokens", "60", "--tokens-per-s", "20")  # which writes the same words again
    text = talk.wait_for_reply(alice)
    assert len(text.split()) == 60
    assert text.startswith(written)
    assert talk.strays(alice, text) == []
    expect(talk.replies(alice)).not_to_contain_text("Waiting for the engine")


def test_the_newest_words_stay_in_view_unless_one_scrolls_up(site: Site, alice: Page, script: ScriptedEngine) -> None:
    script.script(text="\n\n".join(f"Paragraph {number}." for number in range(60)), tokens_per_s=40)
    talk.start(alice, site.url, "Many paragraphs")
    expect(alice.get_by_text("Paragraph 25.")).to_be_in_viewport()
    thread = alice.locator("#thread")
    thread.hover()
    alice.mouse.wheel(0, -3000)
    down = alice.get_by_role("button", name="To the newest message")
    expect(down).to_be_visible()
    expect(alice.get_by_text("Paragraph 40.")).to_be_attached()
    expect(alice.get_by_text("Paragraph 40.")).not_to_be_in_viewport()
    expect(alice.get_by_text("Paragraph 2.")).to_be_in_viewport()
    down.click()
    expect(alice.get_by_text("Paragraph 59.")).to_be_in_viewport()
    talk.wait_for_reply(alice)
