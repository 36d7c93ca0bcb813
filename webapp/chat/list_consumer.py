"""The list of conversations on a page. A socket tells {"list": task} when a list of that task should be fetched again;
what is in it the page asks by HTTP, so that nothing is told here that somebody may not know. Chat's own sockets do so
beside what they tell otherwise; where there is none, ListConsumer's is there for it alone."""

import asyncio

import msgspec

from webapp.accounts.access import memberships_of
from webapp.accounts.models import User
from webapp.chat.news import person_group, team_group
from webapp.lib.sessions import still_signed_in
from webapp.lib.sockets import GroupConsumer, in_thread

CALM_S = 0.3  # what happens within it is told once
SIGNED_OUT = 4401


class ListeningConsumer(GroupConsumer):
    user: User
    stirred: frozenset[str] = frozenset()  # the lists of which it tells in a moment

    async def follow_lists(self, *team_ids: int) -> None:
        """Of now: who joins a team later comes to its pages with a new socket, and who has left one fetches a list
        without it."""
        await self.join(person_group(self.user.pk))
        for team_id in team_ids:
            await self.join(team_group(team_id))

    async def list_changed(self, event: dict) -> None:
        if event["id"] not in self.stirred:
            self.stirred |= {event["id"]}
            later = {"type": "list.calmed", "id": event["id"]}
            asyncio.get_running_loop().call_later(CALM_S, self.hear, later)

    async def list_calmed(self, event: dict) -> None:
        self.stirred -= {event["id"]}
        key = self.scope["session"].session_key
        if not await in_thread(still_signed_in)(key, self.user.pk):
            await self.leave(SIGNED_OUT)
        await self.send(text_data=msgspec.json.encode({"list": event["id"]}).decode())


class ListConsumer(ListeningConsumer):
    """First, when it follows what happens, it tells {"revision": 0}."""

    async def connect(self) -> None:
        await self.accept()
        self.user = self.scope["user"]
        await self.follow_lists(*await in_thread(self._team_ids)())
        await self.send(text_data='{"revision":0}')

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """There is nothing to say to a list."""

    async def groups_missed(self, event: dict) -> None:
        await self.send(text_data='{"list":""}')

    def _team_ids(self) -> list[int]:
        return list(memberships_of(self.user).values_list("team", flat=True))
