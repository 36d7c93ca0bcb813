"""Several people, several tabs, one conversation; and those who may not look."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site

STORY = " ".join(f"word{number}" for number in range(80))


def shared_conversation(page: Page, site: Site) -> str:
    address = talk.start(page, site.url, "For all of us")
    talk.wait_for_reply(page)
    talk.share(page)
    return address


def test_every_tab_and_every_colleague_sees_the_same_words_grow(
    site: Site, alice: Page, bob: Page, script: ScriptedEngine
) -> None:
    address = shared_conversation(alice, site)
    second_tab = alice.context.new_page()
    pages = (alice, second_tab, bob)
    for page in pages:
        page.goto(address)
        talk.record(page)
    script.script(text=STORY, tokens_per_s=30)
    talk.write(bob, "Tell us")
    for page in pages:
        assert talk.wait_for_reply(page, count=2) == STORY
        assert len(talk.recorded(page)) > 10
        assert talk.strays(page, STORY) in ([], ["You wrote: For all of us"])  # the reply that was there before
        expect(talk.messages(page).nth(2)).to_contain_text("Bob")


def test_one_who_comes_while_a_reply_is_written_sees_it_from_its_beginning(
    site: Site, alice: Page, bob: Page, script: ScriptedEngine
) -> None:
    address = shared_conversation(alice, site)
    script.script(text=STORY, tokens_per_s=30)
    talk.write(alice, "Tell us")
    talk.has_begun(alice)
    bob.goto(address)
    talk.has_begun(bob)
    talk.record(bob)
    assert talk.wait_for_reply(bob, count=2) == STORY
    assert talk.strays(bob, STORY) == []


def test_a_colleague_may_stop_a_reply(site: Site, alice: Page, bob: Page, script: ScriptedEngine) -> None:
    address = shared_conversation(alice, site)
    bob.goto(address)
    script.script(tokens=400, tokens_per_s=20)
    talk.write(alice, "Too long")
    talk.has_begun(bob)
    bob.get_by_role("button", name="Stop").click()
    assert talk.wait_for_reply(alice, status="stopped") == talk.wait_for_reply(bob, status="stopped")


def test_a_viewer_reads_along_and_has_no_composer(
    site: Site, alice: Page, visit: Visit, script: ScriptedEngine
) -> None:
    address = shared_conversation(alice, site)
    victor = visit(site, "Victor")
    victor.goto(address)
    expect(talk.messages(victor)).to_have_count(2)
    expect(victor.get_by_text("You may read this conversation, but not write in it.")).to_be_visible()
    for button in ("Send", "Stop", "Regenerate", "New chat", "Retry"):
        expect(victor.get_by_role("button", name=button)).to_have_count(0)
    expect(talk.composer(victor)).to_have_count(0)
    talk.write(alice, "Victor, do you see this?")
    assert talk.wait_for_reply(victor, count=2) == "You wrote: Victor, do you see this?"


@pytest.mark.parametrize("name", ["Bob", "Victor", "Charlie"])
def test_a_private_conversation_is_not_there_for_anybody_else(site: Site, alice: Page, visit: Visit, name: str) -> None:
    address = talk.start(alice, site.url, "Between you and me")
    other = visit(site, name)
    answer = other.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(other.get_by_text("Between you and me")).to_have_count(0)
    other.goto(f"{site.url}/chat/")
    expect(other.get_by_role("link", name="Between you and me")).to_have_count(0)


def test_an_outsider_finds_nothing_at_a_shared_conversation_nor_at_its_socket(
    site: Site, alice: Page, visit: Visit
) -> None:
    address = shared_conversation(alice, site)
    charlie = visit(site, "Charlie")
    answer = charlie.goto(address)
    assert answer is not None
    assert answer.status == 404
    charlie.goto(f"{site.url}/chat/")
    assert heard_at_the_socket(charlie, address) == [4404]
    assert "revision" in str(heard_at_the_socket(alice, address))


def heard_at_the_socket(page: Page, address: str) -> list[object]:
    """The first that the conversation's socket says to that person, or the code with which it closes."""
    heard: list[object] = page.evaluate(
        """address => new Promise(resolve => {
          const socket = new WebSocket(address);
          socket.onmessage = event => { resolve([event.data]); socket.close(); };
          socket.onclose = event => resolve([event.code]);
        })""",
        address.replace("http://", "ws://").replace("/chat/", "/ws/chat/"),
    )
    return heard


def test_a_stranger_is_asked_to_sign_in_and_then_comes_where_they_wanted(site: Site, alice: Page, visit: Visit) -> None:
    address = talk.start(alice, site.url, "Later")
    stranger = visit(site)
    stranger.goto(address)
    stranger.get_by_label("E-mail").fill("alice@example.com")
    stranger.get_by_label("Password").fill("correct horse battery staple")
    stranger.get_by_role("button", name="Sign in").click()
    stranger.wait_for_url(address)
    expect(talk.messages(stranger).first).to_contain_text("Later")


def test_who_loses_sight_of_a_conversation_loses_it_at_once(site: Site, alice: Page, bob: Page) -> None:
    address = shared_conversation(alice, site)
    bob.goto(address)
    expect(talk.messages(bob)).to_have_count(2)
    talk.choose(alice, "Make private")
    expect(bob.get_by_text("For all of us")).to_have_count(0)
