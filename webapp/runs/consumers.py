"""One viewer of one run. It tells the page, as JSON that static/js/run.js reads, each event of the run after the one
that the page says it has; {"revision": n} once it has them all; and {"changed": true} when it should be drawn anew."""

from typing import Any

import msgspec
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict

from webapp.lib.sockets import GroupConsumer
from webapp.runs import access, services
from webapp.runs.models import TrainingRun

GONE = 4404


class RunConsumer(GroupConsumer):
    async def connect(self) -> None:
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        query = QueryDict(self.scope["query_string"])
        after = query.get("after", "")
        self.last = int(after) if after.isdecimal() else 0
        self.status = query.get("status", "")
        run = await self._run()
        await self.join(run.channel)
        await self.join(self.scope["user"].channel)
        await self._catch_up(run)
        await self._tell({"revision": self.last})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """There is nothing to say to a run."""

    async def run_event(self, event: dict) -> None:
        """Only that there is something: what it is the database says, also of what was told while this one waited."""
        await self._catch_up(await self._run())

    async def run_changed(self, event: dict) -> None:
        await self._tell({"changed": True})

    async def access_changed(self, event: dict) -> None:
        await self._run()

    async def groups_missed(self, event: dict) -> None:
        await self._catch_up(await self._run())

    async def _run(self) -> TrainingRun:
        """The run, as long as this person may see it."""
        try:
            run_id = self.scope["url_route"]["kwargs"]["run_id"]
            return await database_sync_to_async(access.run_for)(self.scope["user"], run_id)
        except (Http404, PermissionDenied):
            await self.leave(GONE)

    async def _catch_up(self, run: TrainingRun) -> None:
        for event in await database_sync_to_async(services.events_after)(run, self.last):
            self.last = event.pk
            await self._tell({"id": event.pk, "kind": event.kind, "step": event.step, "values": event.values})
        if self.status and self.status != run.status:
            self.status = run.status
            await self._tell({"changed": True})

    async def _tell(self, told: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(told).decode())
