"""What people do in a conversation, and how a test sees what they see."""

import re

from playwright.sync_api import Locator, Page, expect

CONVERSATION = re.compile(r"/chat/[0-9a-f-]{36}/$")
RECORD = """() => {
  window.recorded = new Set();
  const look = () => {
    const body = [...document.querySelectorAll("article[data-role=assistant] [data-blocks]")].at(-1);
    if (body) window.recorded.add(body.textContent);
  };
  new MutationObserver(look).observe(
    document.getElementById("thread"), { subtree: true, childList: true, characterData: true });
  look();
}"""


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def write(page: Page, text: str) -> None:
    """Into the composer, and off with Enter."""
    composer(page).fill(text)
    composer(page).press("Enter")


def start(page: Page, url: str, text: str) -> str:
    """A new conversation; returns its address."""
    page.goto(f"{url}/chat/")
    write(page, text)
    page.wait_for_url(CONVERSATION)
    return page.url


def messages(page: Page) -> Locator:
    return page.locator("article")


def replies(page: Page, status: str = "") -> Locator:
    return page.locator("article[data-role=assistant]" + (f"[data-status={status}]" if status else ""))


def body(message: Locator) -> Locator:
    return message.locator(".message-body")


def wait_for_reply(page: Page, *, count: int = 1, status: str = "done") -> str:
    """Text of the last of so many replies of that status."""
    expect(replies(page, status)).to_have_count(count)
    return said(page)


def said(page: Page) -> str:
    """The last reply so far, without the white space at its end, which Markdown drops."""
    return (body(replies(page).last).text_content() or "").rstrip()


def has_begun(page: Page) -> None:
    """Wait until the first words of the last reply are there."""
    expect(replies(page).last).to_have_attribute("data-status", "streaming")
    expect(body(replies(page).last)).to_have_text(re.compile(r"\S+ \S+"))


def record(page: Page) -> None:
    """From now on keep every text that the last reply ever shows."""
    page.evaluate(RECORD)


def recorded(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...window.recorded]")
    return [text.rstrip() for text in found]


def strays(page: Page, text: str) -> list[str]:
    """What the last reply ever showed that is not how `text` begins."""
    return [shown for shown in recorded(page) if not text.startswith(shown)]


def choose(page: Page, entry: str) -> None:
    """An entry of the conversation's menu."""
    page.locator(".chat-head").get_by_label("More:").click()
    page.locator(".chat-head").get_by_role("button", name=entry).click()


def share(page: Page) -> None:
    choose(page, "Share with the team")
    expect(page.locator(".chat-head").get_by_text("Shared")).to_be_visible()
