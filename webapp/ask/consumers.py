"""One viewer of one conversation about a passage: a chat, and which sentences an answer stands on, while it is written:

{"sentences": [numbers], "absent": whether the answer is that it is not in the text, "of": message id}
"""

import time

from channels.db import database_sync_to_async

from webapp.ask.passages import index_of, question_of
from webapp.chat.consumers import GONE, ChatConsumer
from webapp.chat.models import Task
from webapp.chat.pages import View

PAUSE_S = 0.3  # between two looks at an answer that grows


class AskConsumer(ChatConsumer):
    async def _follow(self, view: View) -> None:
        if view.conversation.task != Task.ASK:
            await self.leave(GONE)
        self.asked = {message.pk: question_of(message, view.messages) for message in view.messages if message.active}
        self.told: dict[int, tuple] = getattr(self, "told", {})
        self.looked_at = getattr(self, "looked_at", 0.0)
        await super()._follow(view)

    async def _tell_ops(self, message_id: int, ops: list[dict]) -> None:
        await super()._tell_ops(message_id, ops)
        said = {op["op"] for op in ops}
        ended = "end" in said
        if ended or (said & {"block", "text"} and time.monotonic() - self.looked_at > PAUSE_S):
            self.looked_at = time.monotonic()
            await self._point(message_id)

    async def _point(self, message_id: int) -> None:
        shown = next((stream.shown for number, stream in self.streams.values() if number == message_id), "")
        if not shown.strip() or message_id not in self.asked:
            return
        index = await database_sync_to_async(index_of)(self.conversation_id)
        found = index.support(self.asked[message_id], shown)
        if self.told.get(message_id) != (found.sentences, found.absent):
            self.told[message_id] = found.sentences, found.absent
            await self._tell({"sentences": list(found.sentences), "absent": found.absent, "of": message_id})
