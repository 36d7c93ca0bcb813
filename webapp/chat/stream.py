"""A growing reply as one viewer sees it: text in, small instructions for the page out.

The page holds one element a block of Markdown. A finished block is sent once and never again. The open one gets the new
characters as they are, and is rendered anew when there is reason to and the budget allows: what is spent on rendering
stays within a fixed multiple of the reply's length, so that bytes and CPU grow with the reply and not with its square.
"""

import re
from dataclasses import dataclass, field

from webapp.lib import markdown

SPEND = 4  # characters rendered per character of reply, at most
FREE = 1500  # characters that may be rendered besides, so that short replies always look right
TELLING = re.compile(r"[\n*_`~\[\]()|$#>:!]")  # after one of these the rendering may differ from the plain text


@dataclass(slots=True)
class ReplyStream:
    """`shown` is the text that the viewer has; an instruction is a JSON-ready dictionary without the message's id."""

    shown: str = ""
    first_block: int = 0  # number of the open block on the page
    open_at: int = 0  # where in `shown` it starts
    spent: int = 0
    space: str = field(default="", repr=False)  # white space that rendering dropped from the end of the open block

    def start(self, text: str) -> list[dict]:
        """Everything so far, for a viewer who has just come."""
        self.shown, self.first_block, self.open_at, self.spent = "", 0, 0, 0
        return [{"op": "reset"}, *self.grow(0, text)]

    def grow(self, offset: int, text: str) -> list[dict]:
        """What text[offset:] adds: nothing where it is shown already. Raises Gap when what comes before is missing."""
        known = len(self.shown)
        if offset > known:
            raise Gap
        piece = text[known - offset :]
        if not piece:
            return []
        self.shown += piece
        return self._render() if self._worth_rendering(piece) else self._append(piece)

    def catch_up(self, text: str) -> list[dict]:
        """The live text as it is now, after a gap. It may lag behind what is shown: then there is nothing to say."""
        if text.startswith(self.shown):
            return self.grow(0, text)
        return [] if self.shown.startswith(text) else self.start(text)

    def finish(self, text: str) -> list[dict]:
        """The whole text at the end: whatever differs from a final rendering of what is shown."""
        if not text.startswith(self.shown):
            return self.start(text)
        self.shown = text
        return self._render() if text else []

    def _worth_rendering(self, piece: str) -> bool:
        waiting = len(self.shown) - self.open_at
        affordable = self.spent + waiting <= SPEND * len(self.shown) + FREE
        return affordable and (bool(TELLING.search(piece)) or not self.spent)

    def _append(self, piece: str) -> list[dict]:
        text, self.space = self.space + piece, ""
        return [{"op": "text", "block": self.first_block, "text": text}]

    def _render(self) -> list[dict]:
        source = self.shown[self.open_at :]
        self.spent += len(source)
        found = markdown.blocks(source)
        made = [
            {"op": "block", "block": self.first_block + number, "html": markdown.render_block(block.source)}
            for number, block in enumerate(found)
        ]
        if found:
            self.first_block += len(found) - 1
            self.open_at += found[-1].start
        self.space = source[len(source.rstrip()) :]
        return made


class Gap(Exception):
    """A piece was lost: read the live text and start from it."""
