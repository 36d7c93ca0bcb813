"""A growing reply as one viewer sees it: text in, small instructions for the page out.

The page holds one element a block of Markdown. What is added to the last block goes there as plain characters; when
there is reason to, the open end of the text is parsed again, and what has changed of its blocks is rendered and sent.
Both are done within a budget, so that bytes and CPU grow with the reply and not with its square.
"""

import re
from dataclasses import dataclass, field

from webapp.lib import markdown

PARSED = 32  # characters parsed per character of reply to see whether a new line begins a block, at most
GROWING = 4  # characters rendered per character of reply while only its last block grows
ENDING = 6  # the same where a block has ended: what was saved above is there for it
FREE = 1500  # characters that may be parsed and rendered besides, so that short replies always look right
TELLING = re.compile(r"[\n*_`~\[\]()|$#>:!]")  # after one of these the rendering may differ from the plain text
LETTER = re.compile(r"[^\W\d_]")
FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)

Span = tuple[int, int]  # of a block: where it starts, and where its last visible character ends


@dataclass(slots=True)
class ReplyStream:
    """`shown` is the text that the viewer has; an instruction is a JSON-ready dictionary without the message's id:

    reset              the reply is empty
    block, html        block number `block` is that now
    text, block        more characters at the end of that block
    cut, blocks        there are only so many blocks
    """

    shown: str = ""
    rendered: list[Span] = field(default_factory=list)  # what the page's blocks were made of
    settled: int = 0  # how many of them will not change any more
    parsed: int = 0
    spent: int = 0
    appended: bool = False  # to the last block, since it was rendered
    in_code: bool = False  # the last block is fenced code, which ends with a fence and nothing else
    noted: str | None = None  # what the page says that it waits for; None: not known
    space: str = field(default="", repr=False)  # white space that rendering dropped from its end

    def note(self, sentence: str) -> list[dict]:
        """What the reply waits for; an empty sentence when it waits no longer."""
        if sentence == self.noted:
            return []
        self.noted = sentence
        return [{"op": "note", "text": sentence}]

    def start(self, text: str) -> list[dict]:
        """Everything so far, for a viewer who has just come."""
        self.shown, self.rendered, self.settled, self.parsed, self.spent, self.appended = "", [], 0, 0, 0, False
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
        return self._look(piece) if self._worth_a_look(known, piece) else self._append(piece)

    def catch_up(self, text: str) -> list[dict]:
        """The live text as it is now, after a gap. It may lag behind what is shown: then there is nothing to say."""
        if text.startswith(self.shown):
            return self.grow(0, text)
        return [] if self.shown.startswith(text) else self.start(text)

    def finish(self, text: str) -> list[dict]:
        """The whole text at the end: whatever differs from a final rendering of what is shown."""
        if not text.startswith(self.shown):
            return self.start(text)
        self.shown, self.settled = text, 0
        blocks = self._open_blocks()
        return self._show(blocks, self._stale(blocks))

    def _worth_a_look(self, known: int, piece: str) -> bool:
        if not self.rendered:
            return True
        size = len(self.shown)
        if TELLING.search(piece) and self.spent + size - self.rendered[-1][0] <= GROWING * size + FREE:
            return True
        return self._new_line(known) and self.parsed + size - self._open_at() <= PARSED * size + FREE

    def _new_line(self, known: int) -> bool:
        """Whether what came after `known` begins a line that may begin a block: before a letter one cannot tell."""
        if self.in_code:
            line = self.shown.rfind("\n", 0, known) + 1
            self.in_code = not FENCE.search(self.shown, max(line, self.rendered[-1][0] + 1))
        begins = self.shown.rfind("\n", 0, len(self.shown.rstrip(markdown.BLANK))) + 1
        return not self.in_code and not LETTER.search(self.shown, begins, max(begins, known))

    def _open_at(self) -> int:
        return self.rendered[self.settled][0] if self.settled < len(self.rendered) else 0

    def _open_blocks(self) -> list[Span]:
        """The blocks from the first that is not settled, as they are now."""
        at = self._open_at()
        self.parsed += len(self.shown) - at
        found = markdown.blocks(self.shown[at:])
        return [(at + block.start, at + block.start + len(block.source.rstrip(markdown.BLANK))) for block in found]

    def _stale(self, blocks: list[Span]) -> list[int]:
        """The numbers of those blocks that the page does not show as they are now."""
        numbered = list(enumerate(blocks, start=self.settled))
        last = len(self.rendered) - 1
        return [
            number
            for number, span in numbered
            if number > last or self.rendered[number] != span or (number == last and self.appended)
        ]

    def _look(self, piece: str) -> list[dict]:
        """Shows the open blocks as they are now, or when that costs too much only adds the piece."""
        blocks = self._open_blocks()
        stale = self._stale(blocks)
        cost = sum(end - start for start, end in (blocks[number - self.settled] for number in stale))
        ended = len(stale) > 1 or self.settled + len(blocks) != len(self.rendered)
        if self.rendered and self.spent + cost > (ENDING if ended else GROWING) * len(self.shown) + FREE:
            return self._append(piece)
        return self._show(blocks, stale)

    def _show(self, blocks: list[Span], stale: list[int]) -> list[dict]:
        count = self.settled + len(blocks)
        ops: list[dict] = [{"op": "cut", "blocks": count}] if count < len(self.rendered) else []
        ops += [self._block(number, blocks[number - self.settled]) for number in stale]
        self.rendered[self.settled :] = blocks
        if blocks:
            self._settle()
        return ops

    def _block(self, number: int, span: Span) -> dict:
        start, end = span
        self.spent += end - start
        return {"op": "block", "block": number, "html": markdown.render_block(self.shown[start:end])}

    def _settle(self) -> None:
        """All blocks but the last are done. Unless the last begins with a letter, its first line may turn out to go on
        from the block before ("2" as "2. item", "***" as "***word***"): until it is whole, that one stays open too."""
        start, end = self.rendered[-1]
        last = self.shown[start:]
        certain = "\n" in last or last.lstrip()[:1].isalpha()
        self.settled = max(self.settled, len(self.rendered) - (1 if certain else 2))
        self.appended, self.space = False, self.shown[end:]
        self.in_code = bool(FENCE.match(last)) and not FENCE.search(last, 1)

    def _append(self, piece: str) -> list[dict]:
        text, self.space, self.appended = self.space + piece, "", True
        return [{"op": "text", "block": len(self.rendered) - 1, "text": text}]


class Gap(Exception):
    """A piece was lost: read the live text and start from it."""
