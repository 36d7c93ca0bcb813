"""One viewer of one run. It tells the page, as JSON that static/js/run.js reads, each event of the run after the one
that the page says it has; {"revision": n} once it has them all; and {"changed": true} when it should be drawn anew."""

import msgspec
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict

from webapp.runs import access, services
from webapp.runs.models import TrainingRun

GONE = 4404


class RunConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        try:
            run = await database_sync_to_async(access.run_for)(
                self.scope["user"], self.scope["url_route"]["kwargs"]["run_id"]
            )
        except (Http404, PermissionDenied):
            await self.close(GONE)
            await self.websocket_disconnect({"code": GONE})
            raise StopConsumer from None
        for group in (run.channel, self.scope["user"].channel):
            self.groups.append(group)
            await self.channel_layer.group_add(group, self.channel_name)
        self.run_id = run.pk
        query = QueryDict(self.scope["query_string"])
        self.last = int(query.get("after", "0")) if query.get("after", "0").isdecimal() else 0
        await self._catch_up(run, query.get("status", ""))

    async def _catch_up(self, run: TrainingRun, status: str) -> None:
        for event in await database_sync_to_async(services.events_after)(run, self.last):
            await self._tell(event.pk, event.kind, event.step, event.values)
        await self.send(text_data=msgspec.json.encode({"revision": self.last}).decode())
        if status and status != run.status:
            await self.send(text_data='{"changed":true}')

    async def run_event(self, event: dict) -> None:
        if event["id"] > self.last:
            await self._tell(event["id"], event["kind"], event["step"], event["values"])

    async def run_changed(self, event: dict) -> None:
        await self.send(text_data='{"changed":true}')

    async def access_changed(self, event: dict) -> None:
        try:
            await database_sync_to_async(access.run_for)(self.scope["user"], self.run_id)
        except (Http404, PermissionDenied):
            await self.close(GONE)

    async def _tell(self, event_id: int, kind: str, step: int, values: dict) -> None:
        self.last = max(self.last, event_id)
        told = {"id": event_id, "kind": kind, "step": step, "values": values}
        await self.send(text_data=msgspec.json.encode(told).decode())
