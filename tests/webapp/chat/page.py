"""What static/js/live.js makes of the instructions that a socket brings."""

import json
import re
from typing import Any

from tests.webapp.viewers import Tab
from webapp.generation.models import ACTIVE

ATTRIBUTE = {name: re.compile(rf'data-{name}="(\w+)"') for name in ("status", "message-id")}


class Page:
    """The blocks of one reply, how many characters came, and how it ended."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.heard = 0
        self.status = ""
        self.foot = ""
        self.notes: list[str] = []

    @property
    def words(self) -> str:
        """The text of a single paragraph."""
        return re.sub(r"<[^>]+>|\n", "", "".join(self.blocks))

    def apply(self, ops: list[dict[str, Any]]) -> None:
        self.heard += len(json.dumps(ops, ensure_ascii=False)) if ops else 0
        for op in ops:
            getattr(self, op["op"])(**{name: value for name, value in op.items() if name != "op"})

    def reset(self) -> None:
        self.blocks = []

    def block(self, block: int, html: str) -> None:
        assert 0 <= block <= len(self.blocks)
        self.blocks[block : block + 1] = [html]

    def text(self, block: int, text: str) -> None:
        assert block == len(self.blocks) - 1
        self.blocks[block] += text

    def cut(self, blocks: int) -> None:
        assert 0 <= blocks < len(self.blocks)
        del self.blocks[blocks:]

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, status: str, foot: str) -> None:
        self.status, self.foot = status, foot


def page_of(tab: Tab, reply_id: int) -> Page:
    """All that the tab heard of that reply, so far."""
    page = Page()
    for said in tab.heard:
        if isinstance(said, dict) and said.get("reply") == reply_id:
            page.apply(said["ops"])
    return page


async def end_of(tab: Tab) -> tuple[int, Page]:
    """The next reply of which the tab heard the end: its message's id, and how it looks then. What ended before the
    tab could follow it came as a whole message."""

    def look() -> tuple[int, int, Page] | None:
        for number, said in enumerate(tab.heard):
            for reply_id, page in ended_in(tab, said):
                if reply_id not in tab.ended:
                    return number, reply_id, page
        return None

    number, reply_id, page = await tab.finds(look)
    tab.ended.add(reply_id)
    tab.seen = max(tab.seen, number + 1)
    return reply_id, page


def ended_in(tab: Tab, said: Any) -> list[tuple[int, Page]]:
    if isinstance(said, str):
        return whole_replies(said)
    return [(said["reply"], page_of(tab, said["reply"]))] if said.get("ops", [{}])[-1].get("op") == "end" else []


def whole_replies(html: str) -> list[tuple[int, Page]]:
    """The replies in it that are not being written any more."""
    found = []
    for article in html.split("<article")[1:]:
        head, rest = article.split(">", 1)
        status = ATTRIBUTE["status"].search(head)[1]
        if 'data-role="assistant"' in head and status not in ACTIVE:
            body, foot = rest.split('<div class="message-end">')
            page = Page()
            page.blocks = re.findall(
                r'<div class="block">(.*?)</div>(?=<div class="block">|</div>\s*$)', body, re.DOTALL
            )
            page.end(status, foot)
            found.append((int(ATTRIBUTE["message-id"].search(head)[1]), page))
    return found
