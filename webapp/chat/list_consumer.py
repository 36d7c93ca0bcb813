"""One open list of conversations. It tells the page {"list": task} when a list of that task should be fetched again;
what is in it the page asks by HTTP, so that nothing is told here that somebody may not know. First, when it follows
what happens, {"revision": 0}."""

import asyncio

import msgspec
from channels.db import database_sync_to_async

from webapp.accounts.access import memberships_of
from webapp.accounts.models import User
from webapp.chat.news import person_group, team_group
from webapp.lib.sessions import still_signed_in
from webapp.lib.sockets import GroupConsumer

CALM_S = 0.3  # what happens within it is told once
SIGNED_OUT = 4401


class ListConsumer(GroupConsumer):
    async def connect(self) -> None:
        """It hears the teams of now: who joins one later comes to its pages with a new socket, and who has left one
        fetches a list without it."""
        await self.accept()
        self.user: User = self.scope["user"]
        await self.join(person_group(self.user.pk))
        for team_id in await database_sync_to_async(self._team_ids)():
            await self.join(team_group(team_id))
        await self.send(text_data='{"revision":0}')

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """There is nothing to say to a list."""

    async def list_changed(self, event: dict) -> None:
        await asyncio.sleep(CALM_S)
        self.inbox.pop(self.kind(event), None)  # what came meanwhile
        key = self.scope["session"].session_key
        if not await database_sync_to_async(still_signed_in)(key, self.user.pk):
            await self.leave(SIGNED_OUT)
        await self.send(text_data=msgspec.json.encode({"list": event["id"]}).decode())

    async def groups_missed(self, event: dict) -> None:
        await self.send(text_data='{"list":""}')

    def _team_ids(self) -> list[int]:
        return list(memberships_of(self.user).values_list("team", flat=True))
