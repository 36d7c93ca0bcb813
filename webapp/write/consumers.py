"""One viewer of one document. It tells the page, in JSON that static/js/write.js reads:

    {"splice": [start, remove, [html, …]]}   of the text's pieces; remove is null for all from there
    {"reply": message id, "ops": […]}        the piece that is being written grows (chat/stream.py); "settle" at its end
    {"version": message id, "by": name}      the newest version, and whose it is
    {"revision": n, "title": …}              what the page now shows

and, as HTML that htmx puts in place, what stands around the text. An editor (?edit=1) hears the last two only.
"""

from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict

from webapp.chat import options
from webapp.chat.consumers import GONE, ChatConsumer
from webapp.generation.models import Waiting
from webapp.write.pages import Document, document_for, piece_html
from webapp.write.stream import PlacedStream
from webapp.write.texts import Piece, Splice, splice


class DocumentConsumer(ChatConsumer):
    lists = False  # its page is not chat's

    async def connect(self) -> None:
        self.editing = "edit" in QueryDict(self.scope["query_string"])
        self.shown: list[Piece] | None = None  # what the page shows; None: not known
        self.revision = -1  # of what the page shows around it
        await super().connect()

    async def _post(self, said: dict) -> None:
        """Nothing is written here by message: the page's forms do it."""

    async def _catch_up(self, revision: object) -> None:
        if str(revision) != str(self.revision):
            self.shown, self.revision = None, -1
            self.streams.clear()
            await self._draw()

    async def _draw(self, *, assume_drawn: bool = False) -> None:
        try:
            document = await database_sync_to_async(document_for)(self.user, self.conversation_id)
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        if not self.editing:
            await self._draw_text(document, assume_drawn)
        self.revision = document.conversation.revision
        await self.attend(document.conversation)
        who = str(document.version.request.author or "")
        await self._tell({"version": document.version.message.pk, "by": who})
        model = options.told(document.conversation, [document.version.message])
        await self._tell({"revision": self.revision, "title": str(document.conversation), "model": model})

    async def _draw_text(self, document: Document, assume_drawn: bool) -> None:
        if assume_drawn:
            self.shown = document.pieces
        else:
            await self._settle(document)
            await self._splice(document)
            if document.conversation.revision != self.revision:
                await self.send(text_data=await database_sync_to_async(document.html)("around", oob=True))
        await self._follow_reply(document)

    async def _settle(self, document: Document) -> None:
        """The end of a reply that this viewer saw growing: its blocks become the text's."""
        version = document.version
        entry = self.streams.get(version.message.generation_id or 0)
        live = Piece("live", str(version.message.pk))
        if not version.active and entry and self.shown and live in self.shown:
            stream = entry[1]
            assert isinstance(stream, PlacedStream)
            await self._tell_ops(version.message.pk, [*stream.finish(version.message.text), {"op": "settle"}])
            at = self.shown.index(live)
            below = [piece for piece in self.shown[at + 1 :] if piece.kind != "rest"]
            self.shown = [*self.shown[:at], *stream.blocks, *below]
        if not version.active:
            self.streams.clear()

    async def _splice(self, document: Document) -> None:
        if self.shown is None:
            change: Splice | None = Splice(0, -1, document.pieces)
        else:
            change = splice(self.shown, document.pieces)
        if change:
            html = [piece_html(piece) for piece in change.pieces]
            await self._tell({"splice": [change.start, None if change.remove < 0 else change.remove, html]})
        self.shown = document.pieces

    async def _follow_reply(self, document: Document) -> None:
        """Starts to tell of the reply that is being written, and says what it waits for."""
        message = document.version.message
        generation = message.generation
        if generation is None or not generation.active:
            return
        if generation.pk not in self.streams:
            stream = PlacedStream(document.version.place)
            self.streams = {generation.pk: (message.pk, stream)}
            so_far = await self._live_text(generation.pk) or generation.text  # of one that goes on
            await self._tell_ops(message.pk, stream.start(so_far))
        _, told = self.streams[generation.pk]
        await self._tell_ops(message.pk, told.note(str(Waiting(generation.waiting).label)))
