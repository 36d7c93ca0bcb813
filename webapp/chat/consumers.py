"""One viewer of one conversation. It tells the page, in JSON that static/js/live.js reads:

    {"reply": message id, "ops": [{"op": …, …}]}                        a reply grows (chat/stream.py), waits or ends
    {"posted": client_id}   {"refused": client_id, "error": sentence}   what became of a message
    {"revision": n, "title": …, "model": …}                             what the page now shows; which model is chosen

and, as HTML that htmx puts in place, whole messages. It hears {"text", "client_id"}, a message; and {"revision"}, what
the page shows when its socket opens. Who else looks on: chat/company.py.
"""

import asyncio
import contextlib
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, QueryDict
from django.utils import translation
from redis.exceptions import RedisError

from webapp.chat import access, options, pages, services
from webapp.chat.company import CompanyConsumer
from webapp.chat.forms import MessageForm, first_error
from webapp.chat.models import Message
from webapp.chat.stream import Gap, ReplyStream
from webapp.generation import live
from webapp.generation.models import Status, Waiting
from webapp.lib.groups import Event, ear
from webapp.lib.sessions import still_signed_in
from webapp.lib.sockets import in_thread

WATCH_S = 5.0  # while a reply is awaited: should the word of its end be lost, it is found in the database
SIGNED_IN_EVERY = 12  # watches
GONE, SIGNED_OUT = 4404, 4401  # close codes
LONGEST_WAIT = 16_384  # characters of a reply that wait for a browser that reads slowly; then it is brought up to date


class ChatConsumer(CompanyConsumer):
    lists = True  # whether it tells of the lists too

    async def connect(self) -> None:
        self.user = self.scope["user"]
        translation.activate(_language(self.scope))
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.view: pages.View | None = None  # while a reply is being written
        self.drawn: dict[int, tuple] = {}  # message id -> fingerprint of what the page shows
        self.streams: dict[int, tuple[int, ReplyStream]] = {}  # generation id -> (message id, what is shown of it)
        self.silence = 0  # watches since a reply grew
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        try:
            await self._enter()
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        self._watch(0)

    async def _enter(self) -> None:
        """Raises Http404 or PermissionDenied where the person may not be here."""
        conversation = await in_thread(access.conversation_for)(self.user, self.conversation_id)
        await self.join(conversation.channel)
        await self.join(self.user.channel)
        if self.lists:
            await self.follow_lists(conversation.team_id)
        await self._draw(assume_drawn=True)

    async def disconnect(self, code: int) -> None:
        if watching := getattr(self, "watching", None):
            watching.cancel()
        await self.depart()

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
        elif "typing" in said:
            await self.say_typing(bool(said["typing"]))

    # What the page says

    async def _catch_up(self, revision: object) -> None:
        if str(revision) != str(self.revision):
            self.drawn.clear()
            await self._draw()

    async def _post(self, said: dict) -> None:
        form = MessageForm({"text": said.get("text"), "client_id": said.get("client_id")})
        if not form.is_valid():
            await self._tell({"refused": said.get("client_id"), "error": first_error(form)})
            return
        try:
            view = await in_thread(self._store)(**form.cleaned_data, **self._more(said))
        except (Http404, PermissionDenied):
            error = translation.gettext("You may read this conversation, but not write in it.")
            await self._tell({"refused": said.get("client_id"), "error": error})
            return
        await self._tell({"posted": said.get("client_id")})
        await self._show(view)

    def _store(self, text: str, client_id: UUID | None) -> pages.View:
        with transaction.atomic(savepoint=False):
            conversation = access.locked_for(self.user, self.conversation_id, to="write")
            revision = conversation.revision
            message = services.post_message(
                conversation=conversation, author=self.user, text=text, client_id=client_id, held=True
            )
        last = next(reversed(self.drawn), None)
        alone = message.as_of and not message.waiting and len(message.sibling_ids) == 1
        if alone and revision == self.revision and message.parent_id == last:  # the page shows all that is before it
            return pages.view_of_new(message, self.user)
        return pages.view_for(self.user, self.conversation_id)

    def _more(self, said: dict) -> dict[str, Any]:
        """What else `_store` wants to know."""
        return {}

    # What happens to the conversation

    def hear(self, event: Event) -> None:
        """Pieces of a reply that wait are put together. Where they do not fit, or become many, only their end is kept:
        the stream then finds a gap, and the live text fills it."""
        waits = self.inbox.get(self.kind(event))
        if waits and event["type"] == "reply.delta":
            end = waits["offset"] + len(waits["text"])
            fits = event["offset"] == end and len(waits["text"]) < LONGEST_WAIT
            joined = {"offset": waits["offset"], "text": waits["text"] + event["text"]}
            event = {**event, **(joined if fits else {"offset": event["offset"] + len(event["text"]), "text": ""})}
        super().hear(event)

    async def chat_changed(self, event: dict) -> None:
        if event.get("revision", self.revision + 1) > self.revision:  # who posted has drawn it already
            await self._draw()

    async def groups_missed(self, event: dict) -> None:
        await self._draw()
        if self.lists:
            await self._tell({"list": ""})

    async def access_changed(self, event: dict) -> None:
        await self._draw()

    async def chat_watch(self, event: dict) -> None:
        await self._draw()

    async def session_watch(self, event: dict) -> None:
        if not await self._still_signed_in():
            await self.leave(SIGNED_OUT)
        await self._draw()

    async def reply_delta(self, event: dict) -> None:
        if not (entry := self.streams.get(event["id"])):
            return
        self.silence = 0
        message_id, stream = entry
        try:
            ops = stream.grow(event["offset"], event["text"])
        except Gap:
            ops = stream.catch_up(await self._live_text(event["id"]))
        await self._tell_ops(message_id, ops)

    async def reply_waiting(self, event: dict) -> None:
        if entry := self.streams.get(event["id"]):
            await self._tell_ops(entry[0], entry[1].note(str(Waiting(event["waiting"]).label)))

    async def reply_ended(self, event: dict) -> None:
        view = self._view_with_the_end(event)
        await (self._show(view) if view else self._draw())

    def _view_with_the_end(self, event: dict) -> pages.View | None:
        """What was loaded when the reply began, with its outcome. None where something else has changed since, or not
        all of the text is shown: then only the database knows."""
        entry, view = self.streams.get(event["id"]), self.view
        if not entry or not view or event.get("revision") != self.revision + 1 or "outcome" not in event:
            return None
        message = next((message for message in view.messages if message.generation_id == event["id"]), None)
        shown, outcome = entry[1].shown, event["outcome"]
        if message is None or message.generation is None or len(shown) != event["length"] or outcome["turns_left_out"]:
            return None
        for name, value in {**outcome, "text": shown}.items():
            setattr(message.generation, name, value)
        view.conversation.revision = event["revision"]
        return view

    # Drawing

    async def _draw(self, *, assume_drawn: bool = False) -> None:
        """Brings the page to what the database says. `assume_drawn`: it was rendered a moment ago; only the replies
        being written have to be told from their start."""
        try:
            view = await in_thread(pages.view_for)(self.user, self.conversation_id)
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        await self._show(view, assume_drawn=assume_drawn)

    async def _show(self, view: pages.View, *, assume_drawn: bool = False) -> None:
        if assume_drawn:
            self.drawn = {message.pk: message.fingerprint for message in view.messages}
        elif not await self._draw_changes(view):
            await self.send(text_data=view.html("thread", oob=True))
            self.streams.clear()
            self.drawn = {message.pk: message.fingerprint for message in view.messages}
        await self._follow(view)
        await self.attend(view.conversation)
        self.revision = view.conversation.revision
        self.view = view if self.streams else None
        model = options.told(view.conversation, view.messages)
        await self._tell({"revision": self.revision, "title": str(view.conversation), "model": model})

    async def _draw_changes(self, view: pages.View) -> bool:
        """Sends the messages that are new or different. False when the page shows another path altogether."""
        drawn = list(self.drawn)  # may begin earlier: a view holds the last messages only
        if not drawn or not view.messages:
            return False
        first = view.messages[0]
        before = drawn[drawn.index(first.pk) :] if first.pk in drawn else []
        if before != [m.pk for m in view.messages][: len(before)] or not (before or first.parent_id == drawn[-1]):
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
                stream, self.silence = ReplyStream(), 0
                self.streams[generation.pk] = message.pk, stream
                queued = generation.status == Status.QUEUED  # then all that is told of it is still in the inbox
                so_far = generation.text if queued else await self._live_text(generation.pk) or generation.text
                ops = stream.start(so_far)
            else:
                ops, stream = [], self.streams[generation.pk][1]
            await self._tell_ops(message.pk, [*ops, *stream.note(str(Waiting(generation.waiting).label))])

    async def _live_text(self, generation_id: int) -> str:
        with contextlib.suppress(RedisError, OSError):
            return await live.read(ear().redis, generation_id)
        return ""

    def _watch(self, count: int) -> None:
        """Has it look again every WATCH_S, at its turn. A timer: a task would cost each idle socket some KB."""
        self.silence += 1
        if self.streams and (self.silence in (2, 4, 8) or self.silence % 16 == 0):  # the longer, the less often
            self.hear({"type": "chat.watch"})
        if count and count % SIGNED_IN_EVERY == 0:
            self.hear({"type": "session.watch"})
        self.watching = asyncio.get_running_loop().call_later(WATCH_S, self._watch, count + 1)

    async def _still_signed_in(self) -> bool:
        key = self.scope["session"].session_key
        return await in_thread(still_signed_in)(key, self.user.pk)

    async def _tell_ops(self, message_id: int, ops: list[dict]) -> None:
        if ops:
            await self._tell({"reply": message_id, "ops": ops})

    async def _tell(self, value: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(value).decode())


def _language(scope: dict) -> str:
    """The page says in which language it was drawn, so that what is added to it matches."""
    asked = QueryDict(scope["query_string"]).get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
