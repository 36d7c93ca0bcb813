"""One viewer of one analysis. It tells the page how far it is, {"done": rows, "total": rows, "running": bool, …}, when
that has changed, at most every PAUSE_S; the page then fetches the rows that it shows."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404

from webapp.analyze import reading
from webapp.lib.groups import Event
from webapp.lib.sessions import still_signed_in
from webapp.lib.sockets import GroupConsumer

GONE, SIGNED_OUT = 4404, 4401  # close codes
PAUSE_S = 0.5
WATCH_S = 60.0
LOOK: Event = {"type": "rows.look"}


class AnalysisConsumer(GroupConsumer):
    async def connect(self) -> None:
        self.user = self.scope["user"]
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.told: dict[str, Any] = {}
        self.looking: asyncio.TimerHandle | None = None
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        try:
            analysis = await database_sync_to_async(reading.analysis_for)(self.user, self.conversation_id)
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        for group in (analysis.channel, analysis.conversation.channel, self.user.channel):
            await self.join(group)
        await self.rows_look(LOOK)
        self._watch()

    async def disconnect(self, code: int) -> None:
        for timer in (getattr(self, "watching", None), getattr(self, "looking", None)):
            if timer:
                timer.cancel()

    def hear(self, event: Event) -> None:
        """Everything but a label that is being written is a reason to look again, soon."""
        if event["type"] in ("rows.look", "session.watch"):
            super().hear(event)
        elif event["type"] != "reply.delta" and self.looking is None:
            self.looking = asyncio.get_running_loop().call_later(PAUSE_S, self._look)

    def _look(self) -> None:
        self.looking = None
        self.hear(LOOK)

    async def rows_look(self, event: Event) -> None:
        try:
            now = await database_sync_to_async(self._read)()
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        if now != self.told:
            self.told = now
            await self.send(text_data=msgspec.json.encode(now).decode())

    def _read(self) -> dict[str, Any]:
        analysis = reading.analysis_for(self.user, self.conversation_id)
        found = reading.progress(analysis)
        return {
            "revision": analysis.conversation.revision,
            "shown": found.shown,
            "title": str(analysis.conversation),
            "done": found.done,
            "total": found.total,
            "running": found.running,
            "counts": found.counts,
        }

    def _watch(self) -> None:
        self.watching = asyncio.get_running_loop().call_later(WATCH_S, self._watch)
        self.hear({"type": "session.watch"})

    async def session_watch(self, event: Event) -> None:
        key = self.scope["session"].session_key
        if not await database_sync_to_async(still_signed_in)(key, self.user.pk):
            await self.leave(SIGNED_OUT)
