"""390 pixels wide, and touched."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.engine import ScriptedEngine
from tests.browser.people import Site
from tests.browser.test_markdown import RICH

LONG_LINE = "\n```\n" + "a very long line of code " * 20 + "\n```\n"
WIDE_TABLE = "\n|" + " column |" * 20 + "\n|" + "---|" * 20 + "\n"


@pytest.fixture
def phone(site: Site, visit: Visit, script: ScriptedEngine) -> Page:
    script.script(text=RICH + LONG_LINE + WIDE_TABLE)
    return visit(site, "Alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def test_one_writes_and_reads_on_a_phone_and_nothing_is_wider_than_it(site: Site, phone: Page) -> None:
    talk.start(phone, site.url, "Hello from the train")
    talk.wait_for_reply(phone)
    expect(talk.composer(phone)).to_be_in_viewport(ratio=1)
    expect(phone.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert wider(phone) is False
    rooms = ("/chat/", "/models/", "/serving/", "/datasets/", "/runs/")
    for path in (*rooms, "/settings/profile/", "/settings/team/", "/settings/password/", "/teams/new/"):
        phone.goto(f"{site.url}{path}")
        assert wider(phone) is False, path


def test_the_drawer_opens_and_leads_to_another_conversation(site: Site, phone: Page) -> None:
    first = talk.start(phone, site.url, "The first from the drawer")
    talk.start(phone, site.url, "The second from the drawer")
    link = phone.get_by_role("link", name="The first from the drawer").first
    expect(link).to_be_hidden()
    phone.get_by_role("button", name="Open the menu").tap()
    expect(link).to_be_in_viewport()
    link.tap()
    phone.wait_for_url(first)
    expect(link).to_be_hidden()
    expect(phone.get_by_role("button", name="New chat")).to_be_visible()


@pytest.mark.parametrize(
    ("room", "button"),
    [("write", "document"), ("translate", "translation"), ("ask", "text"), ("analyze", "analysis")],
)
def test_the_button_above_begins_what_the_room_is_for(site: Site, phone: Page, room: str, button: str) -> None:
    phone.goto(f"{site.url}/{room}/")
    phone.get_by_role("button", name=f"New {button}").tap()
    expect(phone).to_have_url(f"{site.url}/{room}/")


def test_the_drawer_is_closed_again_by_its_button(site: Site, phone: Page) -> None:
    phone.goto(f"{site.url}/chat/")
    phone.get_by_role("button", name="Open the menu").tap()
    phone.get_by_role("button", name="Close the menu").tap()
    expect(phone.get_by_role("button", name="Close the menu")).to_be_hidden()
    expect(talk.composer(phone)).to_be_in_viewport(ratio=1)


def wider(page: Page) -> bool:
    """Whether the page scrolls sideways, or the phone has made it smaller so that it need not."""
    found: bool = page.evaluate("Math.max(innerWidth, document.scrollingElement.scrollWidth) > screen.width")
    return found
