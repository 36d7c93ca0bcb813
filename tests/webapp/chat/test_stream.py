"""A growing reply: whatever its text, however it comes in pieces, the page ends with what a reload would show."""

import json
import random

import pytest

from webapp.chat.stream import Gap, ReplyStream
from webapp.lib import markdown

FRAGMENTS = [
    "Plain words, and more of them.", "Some **bold** and *slanted* `code`.", "***Note*** that", "**Note**: this", "你好，世界。",
    "1. first", "2. second", "2", "2.", "10) ten", "1.5 is no item", "- item", "* star", "  - nested", "   goes on", "    indented",
    "-", "---", "***", "===", "#", "# Heading", "#1 in the world", "> quoted", ">", "```", "```python", "~~~", "def f(x): return x",
    "| a | b |", "|---|---|", "| 1 | 2 |", "1 | 2", "a | b", "--|--", "$x^2$", "$$", "$5-$10", "\\", "a  ", "\t", "<div>", "<b>bold</b>",
    "[a]: http://a.example", "[a]", "[link](http://a.example)", "![picture](http://a.example/p.png)", '"title"', "- [ ] to do", "- [x] done",
    "😀 emoji", "\u00a0", "\u3000", "&amp; &lt;", "http://bare.example", "~~gone~~", "\r",
]  # fmt: skip
ENDS = ["\n", "\n", "\n", "\n\n", "\n\n", " ", "", "\n\n\n"]


class Page:
    """What static/js/live.js does with the instructions: the blocks of one reply."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.heard = 0

    def apply(self, ops: list[dict]) -> None:
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


def some_text(dice: random.Random) -> str:
    return "".join(dice.choice(FRAGMENTS) + dice.choice(ENDS) for _ in range(dice.randint(1, 14)))


def pieces_of(text: str, dice: random.Random, longest: int) -> list[str]:
    pieces = []
    while text:
        size = dice.randint(1, longest)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def page_of(pieces: list[str], *, finish: bool = True) -> Page:
    page, stream = Page(), ReplyStream()
    for piece in pieces:
        page.apply(stream.grow(len(stream.shown), piece))
    if finish:
        page.apply(stream.finish("".join(pieces)))
    return page


@pytest.mark.parametrize("seed", range(40))
def test_the_page_ends_with_what_a_reload_would_show(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(10):
        text = some_text(dice)
        for longest in (1, 4, 30):
            pieces = pieces_of(text, dice, longest)
            assert page_of(pieces).blocks == markdown.render(text), pieces
