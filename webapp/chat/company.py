"""Those who look at the same shared conversation: who they are, and who is writing something. It tells the page

    {"company": [{"id", "name", "initials"}]}      who else is there
    {"typing": {"id", "name", "on"}}               that somebody writes, or has left off

and hears {"typing": true or false}. A conversation that nobody else may see has none of this.
"""

import asyncio
import contextlib
import time

import msgspec
from redis.exceptions import RedisError

from webapp.chat.list_consumer import ListeningConsumer
from webapp.chat.models import Conversation
from webapp.chat.presence import EVERY_S, Person, Presence
from webapp.lib.groups import atell, ear

TYPING_EVERY_S = 1.0  # more often nobody need hear it


class CompanyConsumer(ListeningConsumer):
    presence: Presence | None = None
    company: list[Person]
    beating: asyncio.TimerHandle
    typed_at = -TYPING_EVERY_S

    async def attend(self, conversation: Conversation) -> None:
        """Comes in once the conversation is shared, and goes when it is no more. To be called whenever it was read."""
        self.may_write = "write" in conversation.rights
        if conversation.shared and self.presence is None:
            self.channel = conversation.channel
            self.company = []
            self.presence = Presence(ear().redis, conversation.pk, self.user)
            await self.company_changed({})
            await atell(self.channel, {"type": "company.changed"})
            self.beating = asyncio.get_running_loop().call_later(EVERY_S, self._beat)
        elif not conversation.shared:
            await self.depart()

    async def depart(self) -> None:
        if self.presence is None:
            return
        self.beating.cancel()
        presence, self.presence = self.presence, None
        with contextlib.suppress(RedisError, OSError):
            await presence.leave()
        await atell(self.channel, {"type": "company.changed"})

    async def company_changed(self, event: dict) -> None:
        if self.presence is None:
            return
        with contextlib.suppress(RedisError, OSError):
            people = await self.presence.mark()
            if people != self.company:
                self.company = people
                await self.send(text_data=msgspec.json.encode({"company": people}).decode())

    def _beat(self) -> None:
        self.hear({"type": "company.changed"})
        self.beating = asyncio.get_running_loop().call_later(EVERY_S, self._beat)

    async def say_typing(self, on: bool) -> None:
        """Passes on that this person writes something, or has left off."""
        now = time.monotonic()
        if self.presence is None or not self.may_write or (on and now - self.typed_at < TYPING_EVERY_S):
            return
        self.typed_at = now if on else -TYPING_EVERY_S
        event = {"type": "company.typing", "id": self.user.pk, "name": str(self.user), "on": on}
        await atell(self.channel, event)

    async def company_typing(self, event: dict) -> None:
        if event["id"] != self.user.pk:
            said = {"id": event["id"], "name": event["name"], "on": event["on"]}
            await self.send(text_data=msgspec.json.encode({"typing": said}).decode())
