"""From the first-run link to a reply of the real engine, and to a colleague who reads it."""

from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site, invite, sign_up
from tests.launch.product import Product


def test_a_newcomer_makes_the_account_writes_and_reads_the_reply(real_site: Product, visit: Visit) -> None:
    site = Site(real_site, {})
    page = visit(site)
    sign_up(page, real_site.said(r"owner's account: (\S+)").group(1), "Alice", "Aurora")

    address = talk.start(page, site.url, "Hello, who are you?")
    talk.record(page)
    text = talk.wait_for_reply(page)
    assert len(text) > 10
    assert talk.strays(page, text) == []

    page.reload()
    assert talk.wait_for_reply(page) == text
    expect(talk.messages(page)).to_have_count(2)

    page.get_by_role("button", name="New chat").click()
    page.wait_for_url("**/chat/")
    expect(talk.messages(page)).to_have_count(0)
    page.get_by_role("link", name="Hello, who are you?").click()
    page.wait_for_url(address)
    assert talk.said(page) == text

    talk.share(page)
    colleague_reads_and_answers(page, visit(site), site.url, address)


def colleague_reads_and_answers(alice: Page, bob: Page, url: str, address: str) -> None:
    settings = alice.context.new_page()
    sign_up(bob, invite(settings, url, "member"), "Bob")
    bob.goto(address)
    alice.goto(address)
    talk.write(bob, "我今天很高兴。")
    text = talk.wait_for_reply(bob, count=2)
    assert talk.wait_for_reply(alice, count=2) == text
    assert len(text) > 1
