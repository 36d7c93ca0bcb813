"""The empty chat becomes the conversation that is begun on it."""

import re

from playwright.sync_api import Page, Request, Route, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site
from tests.launch.product import wait_for


def open_empty(page: Page, site: Site) -> None:
    """The empty chat with its socket open: before that the form would begin the conversation."""
    heard: list[str | bytes] = []
    page.once("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
    page.goto(f"{site.url}/chat/")
    wait_for(lambda: page.title() and heard, "the socket is open")


def test_a_conversation_begins_without_another_page_or_socket(site: Site, alice: Page) -> None:
    asked: list[Request] = []
    sockets: list[str] = []
    alice.on("websocket", lambda socket: sockets.append(socket.url))
    talk.start(alice, site.url, "One before it")  # so that there is a list
    talk.wait_for_reply(alice)
    open_empty(alice, site)
    sockets.clear()
    alice.on("request", lambda request: asked.append(request))
    talk.write(alice, "No other page")
    alice.wait_for_url(talk.CONVERSATION)
    talk.wait_for_reply(alice)
    assert [request.url for request in asked if request.resource_type != "other"] == []  # other: Chromium's own icon
    assert sockets == []
    expect(alice).to_have_title("No other page · Colloquy")
    expect(alice.get_by_role("heading", level=1)).to_have_text("No other page")
    expect(alice.locator(".conversation > a[aria-current=page]")).to_have_text("No other page")
    expect(alice.locator(".welcome")).to_have_count(0)


def test_it_goes_on_as_any_other(site: Site, alice: Page) -> None:
    address = talk.start(alice, site.url, "First")
    talk.wait_for_reply(alice)
    talk.write(alice, "Second")
    talk.wait_for_reply(alice, count=2)
    talk.choose(alice, "Rename")
    dialog = alice.get_by_role("dialog", name="Rename")
    dialog.get_by_label("Title").fill("Named anew")
    dialog.get_by_label("Title").press("Enter")
    expect(alice.get_by_role("heading", level=1)).to_have_text("Named anew")
    alice.goto(address)
    expect(talk.messages(alice)).to_have_count(4)


def test_its_options_are_the_conversation_s_and_not_the_next_one_s(site: Site, alice: Page) -> None:
    address = talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    path = address.removeprefix(site.url)
    expect(alice.locator("#picker select")).to_have_attribute("hx-post", f"{path}options/")
    alice.locator("#picker").get_by_role("link", name="Options").click()
    expect(alice.get_by_role("dialog", name="Options")).to_contain_text("in this conversation")


def test_a_choice_that_is_answered_only_when_it_has_begun_leaves_it_its_own_options(site: Site, alice: Page) -> None:
    held: list[Route] = []
    open_empty(alice, site)
    alice.route("**/chat/options/**", lambda route: held.append(route))
    alice.locator("#picker select").dispatch_event("change")
    wait_for(lambda: alice.title() and held, "the choice is sent")
    talk.write(alice, "Hello")
    alice.wait_for_url(talk.CONVERSATION)
    alice.evaluate("document.getElementById('picker').dataset.old = ''")
    held[0].continue_()
    expect(alice.locator("#picker:not([data-old])")).to_be_visible()  # drawn anew by the answer
    own = f"{alice.url.removeprefix(site.url)}options/"
    for attribute, element in (("hx-post", "select"), ("href", "a"), ("hx-get", "a")):
        expect(alice.locator(f"#picker {element}")).to_have_attribute(attribute, own)


def test_back_is_the_empty_chat_and_forward_the_conversation(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "There and back again")
    talk.wait_for_reply(alice)
    alice.go_back()
    expect(alice.locator(".welcome")).to_be_visible()
    expect(talk.composer(alice)).to_have_value("")
    alice.go_forward()
    expect(talk.messages(alice)).to_have_count(2)


def test_where_no_socket_opens_the_form_begins_it(site: Site, visit: Visit) -> None:
    page = visit(site, "Alice")
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close(code=1011))
    talk.start(page, site.url, "By the form")
    page.reload()
    expect(talk.body(talk.messages(page).first)).to_have_text("By the form")
    page.go_back()
    expect(page.locator(".welcome")).to_be_visible()
    expect(talk.composer(page)).to_have_value("")


def test_a_draft_goes_with_the_message(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    talk.composer(alice).fill("Half a thought")
    alice.goto(f"{site.url}/chat/")
    expect(talk.composer(alice)).to_have_value("")
    alice.go_back()
    expect(talk.composer(alice)).to_have_value("Half a thought")
