"""Colleagues at the same shared conversation: who is there, and who is writing."""

from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site


def test_one_sees_who_is_there_and_who_writes(site: Site, alice: Page, bob: Page, visit: Visit) -> None:
    address = talk.start(alice, site.url, "For all of us")
    talk.wait_for_reply(alice)
    talk.share(alice)
    victor = visit(site, "Victor", viewport={"width": 390, "height": 844})
    for page in (bob, victor):
        page.goto(address)
    expect(alice.get_by_label("Here now: Bob, Victor")).to_be_visible()
    expect(victor.get_by_label("Here now: Alice, Bob")).to_be_visible()
    talk.composer(bob).press_sequentially("Well")
    for page in (alice, victor):
        expect(page.get_by_text("Bob is typing…")).to_be_visible()
    expect(bob.get_by_text("is typing…")).to_have_count(0)
    talk.composer(bob).press("Enter")
    for page in (alice, victor):
        expect(page.get_by_text("Bob is typing…")).to_have_count(0)
    victor.close()
    expect(alice.get_by_label("Here now: Bob", exact=True)).to_be_visible()
    bob.goto(f"{site.url}/chat/")
    expect(alice.locator("#viewers")).to_be_hidden()
