"""One viewer of one conversation. It tells the page, in JSON that static/js/live.js reads:

    {"reply": message id, "ops": [{"op": …, …}]}                        a reply grows (chat/stream.py), waits or ends
    {"posted": client_id}   {"refused": client_id, "error": sentence}   what became of a message
    {"revision": n, "title": …}                                         what the page now shows

and, as HTML that htmx puts in place, whole messages. It hears {"text", "client_id"}, a message; and {"revision"}, what
the page shows when its socket opens. Channels awaits each handler before the next, so a viewer's state has one user.
"""

import asyncio
import contextlib
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.utils import translation
from redis.asyncio import Redis
from redis.exceptions import RedisError

from webapp.chat import access, pages, services
from webapp.chat.forms import MessageForm, first_error
from webapp.chat.models import Message
from webapp.chat.stream import Gap, ReplyStream
from webapp.generation import live
from webapp.generation.models import Waiting
from webapp.lib.sessions import still_signed_in

WATCH_S = 5.0  # while a reply is awaited: should the word of its end be lost, it is found in the database
SIGNED_IN_EVERY = 12  # watches
GONE, SIGNED_OUT = 4404, 4401  # close codes


class ChatConsumer(AsyncWebsocketConsumer):
    redis: Redis | None = None  # one connection pool a process, made when the first viewer comes

    async def connect(self) -> None:
        self.user = self.scope["user"]
        self.language = _language(self.scope)
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.drawn: dict[int, tuple] = {}  # message id -> fingerprint of what the page shows
        self.streams: dict[int, tuple[int, ReplyStream]] = {}  # generation id -> (message id, what is shown of it)
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        try:
            conversation = await database_sync_to_async(access.conversation_for)(self.user, self.conversation_id)
        except (Http404, PermissionDenied):
            await self._leave(GONE)
        if ChatConsumer.redis is None:
            ChatConsumer.redis = Redis.from_url(settings.LIVE_URL)
        for group in (conversation.channel, self.user.channel):
            self.groups.append(group)
            await self.channel_layer.group_add(group, self.channel_name)
        await self._draw(assume_drawn=True)
        self.watching = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        if watching := getattr(self, "watching", None):
            watching.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = msgspec.json.decode(text_data or "")
        except (msgspec.DecodeError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        if "revision" in said:
            await self._catch_up(said["revision"])
        elif "text" in said:
            await self._post(said)

    # What the page says

    async def _catch_up(self, revision: object) -> None:
        if str(revision) != str(self.revision):
            self.drawn.clear()
            await self._draw()

    async def _post(self, said: dict) -> None:
        with translation.override(self.language):
            form = MessageForm({"text": said.get("text"), "client_id": said.get("client_id")})
            if not form.is_valid():
                await self._tell({"refused": said.get("client_id"), "error": first_error(form)})
                return
        try:
            await database_sync_to_async(self._store)(**form.cleaned_data)
        except (Http404, PermissionDenied):
            with translation.override(self.language):
                error = translation.gettext("You may read this conversation, but not write in it.")
            await self._tell({"refused": said.get("client_id"), "error": error})
            return
        await self._tell({"posted": said.get("client_id")})

    def _store(self, text: str, client_id: UUID | None) -> None:
        conversation = access.conversation_for(self.user, self.conversation_id, to="write")
        services.post_message(conversation=conversation, author=self.user, text=text, client_id=client_id)

    # What happens to the conversation

    async def chat_changed(self, event: dict) -> None:
        await self._draw()

    async def access_changed(self, event: dict) -> None:
        await self._draw()

    async def chat_watch(self, event: dict) -> None:
        if event["check_session"] and not await self._still_signed_in():
            await self._leave(SIGNED_OUT)
        await self._draw()

    async def reply_delta(self, event: dict) -> None:
        if not (entry := self.streams.get(event["id"])):
            return
        message_id, stream = entry
        with translation.override(self.language):
            try:
                ops = stream.grow(event["offset"], event["text"])
            except Gap:
                ops = stream.catch_up(await self._live_text(event["id"]))
        await self._tell_ops(message_id, ops)

    async def reply_waiting(self, event: dict) -> None:
        if entry := self.streams.get(event["id"]):
            with translation.override(self.language):
                await self._tell_ops(entry[0], entry[1].note(str(Waiting(event["waiting"]).label)))

    async def reply_ended(self, event: dict) -> None:
        await self._draw()

    # Drawing

    async def _draw(self, *, assume_drawn: bool = False) -> None:
        """Brings the page to what the database says. `assume_drawn`: it was rendered a moment ago; only the replies
        being written have to be told from their start."""
        try:
            view = await database_sync_to_async(pages.view_for)(self.user, self.conversation_id)
        except (Http404, PermissionDenied):
            await self._leave(GONE)
        with translation.override(self.language):
            if assume_drawn:
                self.drawn = {message.pk: message.fingerprint for message in view.messages}
            elif not await self._draw_changes(view):
                await self.send(text_data=view.html("thread", oob=True))
                self.streams.clear()
                self.drawn = {message.pk: message.fingerprint for message in view.messages}
            await self._follow(view)
            self.revision = view.conversation.revision
            await self._tell({"revision": self.revision, "title": str(view.conversation)})

    async def _draw_changes(self, view: pages.View) -> bool:
        """Sends the messages that are new or different. False when the page shows another path altogether."""
        drawn = list(self.drawn)  # may begin earlier: a view holds the last messages only
        first = view.messages[0].pk if view.messages else None
        before = drawn[drawn.index(first) :] if first in drawn else []
        if not before or [m.pk for m in view.messages][: len(before)] != before:
            return False
        for message in view.messages:
            fingerprint = message.fingerprint
            if self.drawn.get(message.pk) == fingerprint:
                continue
            if not await self._end_stream(view, message):
                await self.send(text_data=view.html("message_oob", message=message, new=message.pk not in self.drawn))
            self.drawn[message.pk] = fingerprint
        return True

    async def _end_stream(self, view: pages.View, message: Message) -> bool:
        """The end of a reply that this viewer saw growing: what was still missing, and its foot."""
        generation_id = message.generation_id
        if generation_id is None or message.active or not (entry := self.streams.get(generation_id)):
            return False
        ops = entry[1].finish(message.text)
        end = {"op": "end", "status": message.status, "foot": view.html("message_foot", message=message)}
        await self._tell_ops(message.pk, [*ops, end])
        del self.streams[generation_id]
        return True

    async def _follow(self, view: pages.View) -> None:
        """Starts to tell of replies that are being written, and says what they wait for."""
        for message in view.messages:
            generation = message.generation
            if generation is None or not generation.active:
                continue
            if generation.pk not in self.streams:
                stream = ReplyStream()
                self.streams[generation.pk] = message.pk, stream
                await self._tell_ops(message.pk, stream.start(await self._live_text(generation.pk)))
            _, stream = self.streams[generation.pk]
            await self._tell_ops(message.pk, stream.note(str(Waiting(generation.waiting).label)))

    async def _live_text(self, generation_id: int) -> str:
        assert self.redis is not None
        with contextlib.suppress(RedisError, OSError):
            return await live.read(self.redis, generation_id)
        return ""

    async def _watch(self) -> None:
        """Looks again by way of the channel, so that it takes its turn among the other handlers."""
        for count in range(1, 2**31):
            await asyncio.sleep(WATCH_S)
            check_session = count % SIGNED_IN_EVERY == 0
            if check_session or self.streams:
                with contextlib.suppress(RedisError, OSError):
                    await self.channel_layer.send(
                        self.channel_name, {"type": "chat.watch", "check_session": check_session}
                    )

    async def _still_signed_in(self) -> bool:
        key = self.scope["session"].session_key
        return await database_sync_to_async(still_signed_in)(key, self.user.pk)

    async def _leave(self, code: int) -> NoReturn:
        """Closes the socket and hears no more: what the channel still holds came too late."""
        await self.close(code)
        await self.websocket_disconnect({"code": code})
        raise StopConsumer

    async def _tell_ops(self, message_id: int, ops: list[dict]) -> None:
        if ops:
            await self._tell({"reply": message_id, "ops": ops})

    async def _tell(self, value: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(value).decode())


def _language(scope: dict) -> str:
    """The page says in which language it was drawn, so that what is added to it matches."""
    asked = QueryDict(scope["query_string"]).get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
