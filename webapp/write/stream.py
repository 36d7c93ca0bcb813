"""A reply that grows inside a text, as one viewer sees it: webapp.chat.stream, with what stands before the reply."""

from webapp.chat.stream import Gap, ReplyStream
from webapp.write.texts import Piece, Place, scene


class PlacedStream(ReplyStream):
    """Shows `head`, the joint and the reply; at the end also `rest`. What it is told counts from the reply's start."""

    __slots__ = ("head", "heard", "inner", "place", "rest")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        around = scene(place)
        self.head, self.rest = around.head, around.rest
        self.heard = ""  # of the reply
        self.inner = ReplyStream()

    def start(self, text: str) -> list[dict]:
        self.heard = text
        return self.inner.start(self._so_far())

    def grow(self, offset: int, text: str) -> list[dict]:
        if offset > len(self.heard):
            raise Gap
        self.heard += text[len(self.heard) - offset :]
        known = len(self.inner.shown)
        return self.inner.grow(known, self._so_far()[known:])

    def catch_up(self, text: str) -> list[dict]:
        if text.startswith(self.heard):
            return self.grow(0, text)
        return [] if self.heard.startswith(text) else self.start(text)

    def finish(self, text: str) -> list[dict]:
        return self.inner.finish(self.head + self.place.put_alone(text) + self.rest)

    @property
    def blocks(self) -> list[Piece]:
        """What the page shows of it."""
        return [Piece("block", self.inner.shown[start:end]) for start, end in self.inner.rendered]

    def _so_far(self) -> str:
        """Grows at its end only."""
        return self.head + self.place.begin(self.heard)
