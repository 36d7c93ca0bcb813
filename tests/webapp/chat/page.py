"""What static/js/live.js makes of the instructions that a socket brings."""

import json
from typing import Any

from tests.webapp.viewers import Tab


class Page:
    """The blocks of one reply, how many characters came, and how it ended."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.heard = 0
        self.status = ""
        self.foot = ""
        self.notes: list[str] = []

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
    """The next reply that ends: its message's id, and how it looks then."""
    said = await tab.hears(lambda said: "ops" in said and said["ops"][-1]["op"] == "end")
    return said["reply"], page_of(tab, said["reply"])
