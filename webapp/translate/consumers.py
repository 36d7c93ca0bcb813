"""One page that translates. It tells the page, in JSON that static/js/translate.js reads:

    {"company": [person, …]}                             chat/company.py
    {"revision": n, "state": {…}, "number": n}           translate/reading.py; `number`: the page's last text in it
    {"segment": key, "id": n, "status": …, "text": …}    a segment as it is now
    {"segment": key, "id": n, "offset": n, "more": …}    it grows; offsets count characters
    {"waiting": sentence}                                what the translation waits for
    {"refused": sentence, "number": n}

It hears {"number", "text", "source", "target", "held"}, a text; {"stop"}; {"correct": key, "correction"};
{"again": key}; {"look": offset}. The first text on a socket without a conversation makes one, and so does a text that
is no version of the one before.
"""

import asyncio
import contextlib
from typing import Any
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.utils import translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from webapp.accounts.access import membership_for
from webapp.accounts.models import Role
from webapp.chat import access
from webapp.chat.company import CompanyConsumer
from webapp.chat.forms import first_error
from webapp.chat.models import Conversation, Task
from webapp.generation import live
from webapp.generation.models import ACTIVE, Generation, Waiting
from webapp.lib.groups import Event, ear
from webapp.lib.sessions import still_signed_in
from webapp.translate import reading, segments, services
from webapp.translate.asking import asked_of, is_version
from webapp.translate.forms import CorrectionForm, TranslationForm

WATCH_S = 5.0  # while something is being written: should the word of its end be lost, it is found in the database
SIGNED_IN_EVERY = 12  # watches
GONE, SIGNED_OUT = 4404, 4401  # close codes


class TranslateConsumer(CompanyConsumer):
    async def connect(self) -> None:
        self.user = self.scope["user"]
        translation.activate(_language(self.scope))
        where = self.scope["url_route"]["kwargs"]
        self.team_id: int | None = where.get("team_id")
        self.conversation_id: UUID | None = where.get("conversation_id")
        self.number = 0  # of the page's last text
        self.keys: dict[int, str] = {}  # of the segments that are being written, by their generations' ids
        self.lengths: dict[int, int] = {}  # how much of each the page has
        self.told: dict[str, tuple] = {}  # what the page knows of a segment
        self.shown: tuple | None = None  # and of the whole
        await self.accept()  # also where we close at once: a browser learns the code of an open socket only
        await self.join(self.user.channel)
        if self.conversation_id:
            await self._follow(self.conversation_id)
        else:
            await self._may_begin()
        self._watch(0)

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
        for name, handle in HANDLERS.items():
            if name in said:
                await self._try(handle, said)
                return

    async def _try(self, handle: Any, said: dict) -> None:
        try:
            await handle(self, said)
        except (Http404, PermissionDenied):
            await self._refuse(_("You may read this translation, but not change it."), said)

    # What the page says

    async def _translate(self, said: dict) -> None:
        form = TranslationForm({name: said.get(name) for name in ("text", "source", "target", "held")})
        if not form.is_valid():
            await self._refuse(first_error(form), said)
            return
        if isinstance(said.get("number"), int):
            self.number = said["number"]
        before = self.conversation_id
        found = await database_sync_to_async(self._store)(form)
        if found != before:
            await self._follow(found)
        else:
            await self._draw()

    def _store(self, form: TranslationForm) -> UUID:
        asked = form.asked()
        conversation = self._conversation() if self.conversation_id else None
        if conversation is None:
            assert self.team_id is not None
            team = membership_for(self.user, self.team_id, at_least=Role.MEMBER).team
            return services.start(team=team, author=self.user, asked=asked).pk
        question = segments.question_of(conversation)
        if question and not is_version(asked_of(question).text, asked.text):
            return services.start(team=conversation.team, author=self.user, asked=asked).pk
        services.translate(conversation=conversation, author=self.user, asked=asked)
        return conversation.pk

    async def _stop(self, said: dict) -> None:
        await database_sync_to_async(lambda: services.stop(conversation=self._conversation()))()

    async def _correct(self, said: dict) -> None:
        form = CorrectionForm({"key": said["correct"], "correction": said.get("correction")})
        if not form.is_valid():
            await self._refuse(first_error(form), said)
            return
        values = form.cleaned_data
        await database_sync_to_async(
            lambda: services.correct(
                conversation=self._conversation(), author=self.user, key=values["key"], text=values["correction"]
            )
        )()

    async def _translate_again(self, said: dict) -> None:
        key = str(said["again"])[:32]
        await database_sync_to_async(lambda: services.translate_again(conversation=self._conversation(), key=key))()

    async def _look(self, said: dict) -> None:
        if isinstance(said["look"], int):
            offset = said["look"]
            await database_sync_to_async(lambda: segments.look_at(self._conversation(), offset))()

    def _conversation(self, to: str = "write") -> Conversation:
        if self.conversation_id is None:
            raise Http404
        return access.conversation_for(self.user, self.conversation_id, to=to, task=Task.TRANSLATE)

    # What happens to the translation

    async def chat_changed(self, event: Event) -> None:
        await self._draw()

    async def groups_missed(self, event: Event) -> None:
        await self._draw()

    async def access_changed(self, event: Event) -> None:
        await self._draw()

    async def state_watch(self, event: Event) -> None:
        await self._draw()

    async def session_watch(self, event: Event) -> None:
        key = self.scope["session"].session_key
        if not await database_sync_to_async(still_signed_in)(key, self.user.pk):
            await self.leave(SIGNED_OUT)

    def kind(self, event: Event) -> tuple:
        """Each word of new segments counts."""
        return (*super().kind(event), str(event.get("keys", "")))

    async def segments_begun(self, event: Event) -> None:
        for generation_id, key in event["keys"]:
            known = self.told.pop(key, (0,))[0]
            if generation_id not in self.keys and generation_id > known:  # or it has ended, and we were told late
                self._begin(generation_id, key)
                await self._tell({"segment": key, "id": generation_id, "status": "queued", "text": ""})

    async def reply_delta(self, event: Event) -> None:
        if (key := self.keys.get(event["id"])) is None:
            return
        known, end = self.lengths[event["id"]], event["offset"] + len(event["text"])
        if event["offset"] > known:
            text = await self._live_text(event["id"])
            more, end = text[known:], len(text)
        else:
            more = event["text"][known - event["offset"] :]
        if end > known:
            self.lengths[event["id"]] = end
            await self._tell({"segment": key, "id": event["id"], "offset": known, "more": more})

    async def reply_waiting(self, event: Event) -> None:
        if event["id"] in self.keys:
            await self._tell({"waiting": str(Waiting(event["waiting"]).label)})

    async def reply_ended(self, event: Event) -> None:
        """The segment's end is told at once; the whole is drawn when the last one has ended (chat.changed)."""
        if (key := self.keys.pop(event["id"], None)) is None:
            return
        self.lengths.pop(event["id"], None)
        found = await database_sync_to_async(
            lambda: Generation.objects.filter(pk=event["id"]).defer("prompt").first()
        )()
        if found is not None:
            text = segments.wording(found)
            self.told[key] = found.pk, found.status, text, False
            await self._tell({"segment": key, "id": found.pk, "status": found.status, "text": text})
            if not self.keys:
                await self._draw()

    # Drawing

    async def _may_begin(self) -> None:
        try:
            await database_sync_to_async(membership_for)(self.user, self.team_id, at_least=Role.MEMBER)
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        await self._tell({"revision": 0})

    async def _follow(self, conversation_id: UUID) -> None:
        """Shows that translation from here on."""
        if self.conversation_id and self.conversation_id != conversation_id:
            await self._unfollow()
        self.conversation_id = conversation_id
        try:
            conversation = await database_sync_to_async(self._conversation)("read")
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        await self.join(conversation.channel)
        await self._draw()

    async def _unfollow(self) -> None:
        await self.depart()
        await self._tell({"company": []})
        for group in [name for name in self.joined if name != self.user.channel]:
            self.joined.remove(group)
            ear().leave(group, self.hear)
        self.keys.clear()
        self.lengths.clear()
        self.told.clear()

    async def _draw(self) -> None:
        """Tells the page what it does not know yet of what the database says."""
        if self.conversation_id is None:
            return
        try:
            found = await database_sync_to_async(self._read)()
        except (Http404, PermissionDenied):
            await self.leave(GONE)
        shown, state = found
        await self.attend(shown.conversation)
        if self.shown != (state["revision"], self.number, self.conversation_id):
            self.shown = state["revision"], self.number, self.conversation_id
            await self._tell({"revision": state["revision"], "state": state, "number": self.number})
        for part in {part.key: part for part in shown.parts if part.status}.values():
            await self._tell_part(part)
        if shown.waits_for:
            await self._tell({"waiting": shown.waits_for})

    def _read(self) -> tuple[reading.Reading, dict]:
        assert self.conversation_id is not None
        found = reading.reading_for(self.user, self.conversation_id)
        return found, found.page()

    async def _tell_part(self, part: reading.Part) -> None:
        if part.status in ACTIVE:
            if part.generation_id not in self.keys:
                await self._begin_late(part)
            return
        self.keys.pop(part.generation_id, None)
        known = part.generation_id, part.status, part.text, part.corrected
        if self.told.get(part.key) != known:
            self.told[part.key] = known
            told = {"id": part.generation_id, "status": part.status, "text": part.text, "corrected": part.corrected}
            await self._tell({"segment": part.key, **told})

    async def _begin_late(self, part: reading.Part) -> None:
        """A segment of which something may be written already."""
        self._begin(part.generation_id, part.key)
        text = await self._live_text(part.generation_id)
        self.lengths[part.generation_id] = len(text)
        await self._tell({"segment": part.key, "id": part.generation_id, "status": part.status, "text": text})

    def _begin(self, generation_id: int, key: str) -> None:
        self.keys[generation_id], self.lengths[generation_id] = key, 0

    async def _live_text(self, generation_id: int) -> str:
        with contextlib.suppress(RedisError, OSError):
            return await live.read(ear().redis, generation_id)
        return ""

    def _watch(self, count: int) -> None:
        """Has it look again every WATCH_S, at its turn."""
        if count and self.keys:
            self.hear({"type": "state.watch"})
        if count and count % SIGNED_IN_EVERY == 0:
            self.hear({"type": "session.watch"})
        self.watching = asyncio.get_running_loop().call_later(WATCH_S, self._watch, count + 1)

    async def _refuse(self, sentence: str, said: dict) -> None:
        await self._tell({"refused": sentence, "number": said.get("number")})

    async def _tell(self, value: dict[str, Any]) -> None:
        await self.send(text_data=msgspec.json.encode(value).decode())


HANDLERS = {
    "text": TranslateConsumer._translate,
    "stop": TranslateConsumer._stop,
    "correct": TranslateConsumer._correct,
    "again": TranslateConsumer._translate_again,
    "look": TranslateConsumer._look,
}


def _language(scope: dict) -> str:
    """The page says in which language it was drawn, so that what is added to it matches."""
    asked = QueryDict(scope["query_string"]).get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
