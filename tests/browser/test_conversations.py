"""The list of conversations, and what can be done with one."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import talk
from tests.browser.conftest import Visit
from tests.browser.people import Site

MANY, WINDOW = 300, 60  # messages; how many come at a time
LONG_CONVERSATION = f"""
from webapp.accounts.models import User
from webapp.chat.models import Conversation, Message
alice = User.objects.get(name="Alice")
conversation = Conversation.objects.create(team=alice.memberships.get().team, author=alice, title="A long one")
for number in range({MANY}):
    conversation.leaf = Message.objects.create(
        conversation=conversation, parent=conversation.leaf, author=alice, role="user", content=f"Message {{number}}.",
    )
conversation.save()
print(conversation.pk)
"""


def test_a_conversation_is_renamed(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "Name me")
    talk.choose(alice, "Rename")
    dialog = alice.get_by_role("dialog", name="Rename")
    dialog.get_by_label("Title").fill("A better name")
    dialog.get_by_role("button", name="Save").click()
    expect(alice.get_by_role("heading", name="A better name")).to_be_visible()
    expect(alice.get_by_role("link", name="A better name")).to_have_count(1)
    expect(alice).to_have_title("A better name · Colloquy")


def test_a_colleague_sees_a_new_name_at_once(site: Site, alice: Page, bob: Page) -> None:
    address = talk.start(alice, site.url, "Name me too")
    talk.share(alice)
    bob.goto(address)
    talk.choose(alice, "Rename")
    dialog = alice.get_by_role("dialog", name="Rename")
    dialog.get_by_label("Title").fill("Our name")
    dialog.get_by_role("button", name="Save").click()
    expect(bob.get_by_role("heading", name="Our name")).to_be_visible()


def test_a_conversation_is_shared_and_made_private_again(site: Site, alice: Page, bob: Page) -> None:
    talk.start(alice, site.url, "Ours for a while")
    talk.share(alice)
    bob.goto(f"{site.url}/chat/")
    bob.get_by_role("link", name="Ours for a while").click()
    expect(bob.get_by_role("heading", name="Ours for a while")).to_be_visible()
    bob.locator(".chat-head").get_by_label("More:").click()
    expect(bob.get_by_role("link", name="Export as Markdown")).to_be_visible()
    expect(bob.get_by_role("button", name="Rename")).to_have_count(0)  # a member does not manage it
    talk.choose(alice, "Make private")
    expect(alice.locator(".chat-head").get_by_text("Shared")).to_have_count(0)


def test_a_conversation_is_deleted_and_the_deed_undone(site: Site, alice: Page) -> None:
    address = talk.start(alice, site.url, "Gone soon")
    talk.choose(alice, "Delete")
    alice.wait_for_url("**/chat/")
    expect(alice.get_by_text("“Gone soon” was deleted.")).to_be_visible()
    expect(alice.get_by_role("link", name="Gone soon")).to_have_count(0)
    answer = alice.goto(address)
    assert answer is not None
    assert answer.status == 404
    alice.goto(f"{site.url}/settings/conversations/")
    alice.get_by_role("button", name="Bring back “Gone soon”").click()
    alice.wait_for_url(address)
    talk.choose(alice, "Delete")
    alice.get_by_role("button", name="Undo").click()
    alice.wait_for_url(address)
    expect(alice.get_by_role("link", name="Gone soon")).to_have_count(1)


def test_a_long_conversation_opens_at_its_newest_words_and_loads_the_older_as_one_scrolls_up(
    site: Site, alice: Page
) -> None:
    alice.goto(f"{site.url}/chat/{site.product.execute(LONG_CONVERSATION)}/")
    expect(alice.get_by_text(f"Message {MANY - 1}.")).to_be_in_viewport()
    for loaded in range(WINDOW, MANY, WINDOW):
        expect(talk.messages(alice)).to_have_count(loaded)
        alice.locator("#thread").evaluate("thread => thread.scrollTo(0, 0)")
        expect(talk.messages(alice)).to_have_count(loaded + WINDOW)
        expect(talk.messages(alice).nth(WINDOW)).to_be_in_viewport()  # what was at the top stays in view
    expect(talk.body(talk.messages(alice).first)).to_have_text("Message 0.")
    texts = talk.messages(alice).locator(".message-body").all_inner_texts()
    assert texts == [f"Message {number}." for number in range(MANY)]


def test_the_list_names_a_conversation_by_its_first_message(site: Site, alice: Page) -> None:
    talk.start(alice, site.url, "What is\n\n  the name of this?")
    link = alice.get_by_role("link", name="What is the name of this?")
    expect(link).to_have_attribute("aria-current", "page")
    expect(link).to_have_attribute("href", re.compile(r"^/chat/"))


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [1280, 390])
def test_what_was_done_is_told_beside_the_composer(site: Site, visit: Visit, script: bool, width: int) -> None:
    page = visit(site, "Alice", viewport={"width": width, "height": 800}, java_script_enabled=script)
    page.goto(f"{site.url}/chat/")
    talk.composer(page).fill("Told and gone")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(talk.CONVERSATION)
    page.goto(f"{page.url}menu/")
    page.get_by_role("main").get_by_role("button", name="Delete").click()
    toast, composer = page.locator(".toast"), page.locator("#composer")
    expect(toast).to_have_text(re.compile("“Told and gone” was deleted."))
    told, below = toast.bounding_box(), composer.bounding_box()
    assert told is not None
    assert below is not None
    assert told["y"] + told["height"] <= below["y"]
