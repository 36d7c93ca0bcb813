"""The empty chat. Its page is that of a conversation which does not exist yet, and has its key; the first message makes
it, on the socket that is open already. Beside what chat/consumers.py tells, the page hears once

    {"begun": address, "options": address, "head": HTML, "row": HTML}     where it is, where its model is chosen, its
                                                                          head, and its row in the list

and says with its messages which {"model"} shall answer. A message sent twice makes one conversation, and a socket that
comes back finds it begun.
"""

import contextlib
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import Http404
from django.template.loader import render_to_string
from django.urls import reverse

from webapp.accounts.access import membership_for
from webapp.accounts.models import Membership, Role
from webapp.chat import option_views, pages, services
from webapp.chat.consumers import ChatConsumer
from webapp.chat.models import Conversation, Task
from webapp.lib.groups import Event
from webapp.lib.sockets import in_thread


class BeginningConsumer(ChatConsumer):
    begun = False
    own_news = False  # lists are about to hear of the conversation that was begun here
    revision = 0

    async def _enter(self) -> None:
        with contextlib.suppress(Http404):
            await super()._enter()
            return
        team_id: int = self.scope["url_route"]["kwargs"]["team_id"]
        await in_thread(self._membership)(team_id)
        await self.join(f"chat.{self.conversation_id}")
        await self.join(self.user.channel)
        await self.follow_lists(team_id)
        await self._tell({"revision": 0, "title": str(Conversation())})

    def _membership(self, team_id: int) -> Membership:
        return membership_for(self.user, team_id, at_least=Role.MEMBER)

    async def _draw(self, *, assume_drawn: bool = False) -> None:
        if self.begun or assume_drawn:
            await super()._draw(assume_drawn=assume_drawn)

    def _more(self, said: dict) -> dict[str, Any]:
        return {"model": str(said.get("model") or "")}

    def _store(self, text: str, client_id: UUID | None, model: str = "") -> pages.View:
        if self.begun:
            return super()._store(text, client_id)
        try:
            with transaction.atomic():
                self._begin(model)
                return super()._store(text, client_id)
        except IntegrityError:  # the page has begun it on another socket, or the key is not the page's at all
            return super()._store(text, client_id)

    def _begin(self, model: str) -> None:
        membership = self._membership(self.scope["url_route"]["kwargs"]["team_id"])
        options = option_views.options_asked(self.user, membership, Task.CHAT, model)
        services.create_conversation(team=membership.team, author=self.user, options=options, pk=self.conversation_id)
        self.own_news = True

    async def _show(self, view: pages.View, *, assume_drawn: bool = False) -> None:
        if not self.begun:
            self.begun = True
            context = {"row": view.conversation, "current": str(self.conversation_id)}
            await self._tell({
                "begun": view.conversation.get_absolute_url(),
                "options": reverse("chat:options", args=[self.conversation_id]),
                "head": view.html("head"),
                "row": render_to_string("chat/row.html", context) + "",
            })  # fmt: skip
        await super()._show(view, assume_drawn=assume_drawn)

    def hear(self, event: Event) -> None:
        """The page has its own row already."""
        if self.own_news and event["type"] == "list.changed" and event["of"] == str(self.conversation_id):
            self.own_news = False
        else:
            super().hear(event)
