"""The web server dies while people write and read."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site, sign_in

STORY = " ".join(f"word{number}" for number in range(60))


def test_a_page_whose_connection_broke_comes_back_and_shows_the_end(
    site: Site, alice: Page, script: ScriptedEngine
) -> None:
    script.script(text=STORY, tokens_per_s=20)
    talk.start(alice, site.url, "Tell me")
    talk.has_begun(alice)
    talk.record(alice)
    site.product.kill("web")
    lost = alice.get_by_text("The connection was lost. Trying again…")
    expect(lost).to_be_visible()
    assert talk.wait_for_reply(alice) == STORY
    assert talk.strays(alice, STORY) == []
    expect(lost).to_be_hidden()


def test_what_is_sent_without_a_connection_goes_out_once_when_it_is_back(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    site.product.kill("web")
    expect(alice.get_by_text("The connection was lost. Trying again…")).to_be_visible()
    talk.write(alice, "Are you there?")
    expect(alice.get_by_text("Not sent yet: the connection is gone.")).to_be_visible()
    expect(talk.composer(alice)).to_have_value("Are you there?")
    talk.composer(alice).press("Enter")  # people do
    assert talk.wait_for_reply(alice, count=2) == "You wrote: Are you there?"
    expect(talk.composer(alice)).to_have_value("")
    expect(alice.get_by_text("Not sent yet: the connection is gone.")).to_be_hidden()
    expect(talk.messages(alice)).to_have_count(4)
    site.product.wait_until_ready()
    alice.reload()
    expect(talk.messages(alice)).to_have_count(4)


class Cable:
    """What a page's sockets go through. It can be unplugged, and it can lose what the page says."""

    def __init__(self, page: Page):
        self.sockets: list[WebSocketRoute] = []
        self.plugged, self.loses = True, False
        page.route_web_socket(re.compile("/ws/chat/"), self.carry)

    def carry(self, socket: WebSocketRoute) -> None:
        if not self.plugged:
            socket.close(code=1012)
            return
        server = socket.connect_to_server()
        socket.on_message(lambda said: None if self.loses else server.send(said))
        self.sockets.append(socket)

    def unplug(self) -> None:
        self.plugged = False
        for socket in self.sockets:
            socket.close(code=1012)


def test_a_message_that_was_lost_on_its_way_is_sent_again(site: Site, alice: Page) -> None:
    cable = Cable(alice)
    talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    cable.loses = True
    talk.write(alice, "Did you hear me?")
    expect(talk.composer(alice)).to_have_value("Did you hear me?")  # it stays until the server has it
    cable.unplug()
    cable.plugged, cable.loses = True, False
    assert talk.wait_for_reply(alice, count=2) == "You wrote: Did you hear me?"
    expect(talk.composer(alice)).to_have_value("")


def test_what_happened_while_the_connection_was_gone_is_there_when_it_is_back(
    site: Site, alice: Page, bob: Page
) -> None:
    cable = Cable(alice)
    address = talk.start(alice, site.url, "Hello")
    talk.wait_for_reply(alice)
    talk.share(alice)
    bob.goto(address)
    expect(alice.locator("#chat[data-revision]")).to_be_attached()
    cable.unplug()
    expect(alice.get_by_text("The connection was lost. Trying again…")).to_be_visible()
    talk.write(bob, "While you were away")
    talk.wait_for_reply(bob, count=2)
    expect(talk.messages(alice)).to_have_count(2)
    cable.plugged = True
    assert talk.wait_for_reply(alice, count=2) == "You wrote: While you were away"


def test_a_page_that_is_let_in_no_more_does_not_try_for_ever(site: Site, visit: Visit, script: ScriptedEngine) -> None:
    page = visit(site)
    sign_in(page, site.url, "Alice")
    cable = Cable(page)
    talk.start(page, site.url, "Hello")
    talk.wait_for_reply(page)
    cable.unplug()
    expect(page.get_by_text("The connection was lost. Trying again…")).to_be_visible()
    page.context.clear_cookies()
    cable.plugged = True
    page.wait_for_url("**/account/login/**")
