"""Writes one reply: from the engine's stream to the live text, to whoever looks on, and at the end to the row.

It goes on from the text already written, whether another worker wrote it or the engine died in the middle.
"""

import asyncio
import contextlib
import logging
import time
from contextlib import aclosing
from dataclasses import replace

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from inference.client import Client
from inference.errors import (
    BadRequest,
    ContextTooLong,
    EngineBusy,
    EngineUnavailable,
    InferenceError,
    Refused,
    UnknownModel,
)
from inference.messages import Delta, FinishReason, Message, Role, Usage
from webapp.generation import events, leases, live, services
from webapp.generation.models import Failure, Generation, Status, Waiting
from webapp.lib.groups import atell

log = logging.getLogger(__name__)
FLUSH_S = 0.04
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 3.0
BREAKS_ALLOWED = 5  # times that the engine may break off before the reply counts as failed
FINAL_FAILURES: dict[type[InferenceError], Failure] = {
    ContextTooLong: Failure.TOO_LONG,
    UnknownModel: Failure.UNKNOWN_MODEL,
    Refused: Failure.REFUSED,
    BadRequest: Failure.BAD_REQUEST,
}


class Writer:
    """One claimed Generation. `run` returns when it has ended or is no longer ours; cancel it to hand it over."""

    def __init__(self, generation: Generation, owner: str, client: Client, redis: Redis):
        self.generation, self.owner, self.client, self.redis = generation, owner, client, redis
        self.renewed_at = time.monotonic()
        self.stopping = asyncio.Event()
        self.live = live.LiveText(redis, generation.pk)
        self.pending: list[str] = []
        self.written = asyncio.Event()
        self.flushing = asyncio.Lock()
        self.usage = Usage()
        self.tokens = 0
        self.first_at: float | None = None
        self.last_at = 0.0
        self.turns_left_out = generation.turns_left_out
        self.ending = False
        self.load = 1.0  # how much longer than FLUSH_S to collect text, set by the worker

    async def run(self) -> None:
        if self.generation.stop_requested:
            self.stopping.set()
        await self._resume()
        flusher = asyncio.create_task(self._flush_regularly())
        try:
            status, outcome = await self._write_or_stop()
        finally:
            async with self.flushing:  # never in the middle of a command: the Redis clients swallow the cancellation
                flusher.cancel()
            await self._flush()
        await self._end(status, outcome)

    async def _resume(self) -> None:
        """Takes up the text that an earlier worker left. Without Redis it can only begin anew."""
        with contextlib.suppress(RedisError, OSError):
            if self.generation.attempts > 1:
                self.live = live.LiveText(
                    self.redis, self.generation.pk, await live.read(self.redis, self.generation.pk)
                )
            await self.live.begin()

    async def _write_or_stop(self) -> tuple[Status, dict]:
        writing = asyncio.create_task(self._write())
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({writing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                return Status.STOPPED, {"finish_reason": FinishReason.ABORT}
            return writing.result()
        finally:
            for task in (writing, stopping):
                task.cancel()
            await asyncio.gather(writing, stopping, return_exceptions=True)

    async def _write(self) -> tuple[Status, dict]:
        """Streams until the reply is whole, however often the engine goes away; gives up at the deadline."""
        deadline = time.monotonic() + settings.GENERATION_DEADLINE_S
        pause, breaks = FIRST_PAUSE_S, 0
        trouble: type[InferenceError] | tuple[()] = ()
        while True:
            before = self.tokens
            try:
                finish = await self._stream()
                if finish is FinishReason.LENGTH and self._cut_by_the_context() and self._leave_out_a_turn():
                    continue
                return Status.DONE, {"finish_reason": finish}
            except ContextTooLong:
                if not self._leave_out_a_turn():
                    return Status.FAILED, {"failure": Failure.TOO_LONG}
                continue
            except InferenceError as error:
                again = isinstance(error, trouble)  # the same trouble once more is no news
                level, trouble = logging.DEBUG if again else logging.INFO, type(error)
                log.log(level, "reply %s: %s: %s", self.generation.pk, type(error).__name__, error)
                failure = self._failure(error)
                if not error.retryable:
                    return Status.FAILED, {"failure": failure}
                breaks += failure is Failure.BROKEN
                if time.monotonic() > deadline or breaks > BREAKS_ALLOWED:
                    return Status.FAILED, {"failure": failure}
            if self.tokens > before:  # it was getting on
                pause, deadline = FIRST_PAUSE_S, time.monotonic() + settings.GENERATION_DEADLINE_S
            await self._say_waiting(Waiting.BUSY if failure is Failure.BUSY else Waiting.ENGINE)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    async def _stream(self) -> FinishReason:
        """One request to the engine, going on from the text so far. Raises InferenceError."""
        await self._flush()
        so_far = self.live.text
        messages = self._prompt()
        params = self.generation.sampling()
        if so_far:
            messages = [*messages, Message(Role.ASSISTANT, so_far)]
            if params.max_tokens is not None:
                params = replace(params, max_tokens=max(1, params.max_tokens - await self._count(so_far)))
        stream = self.client.stream(
            self.generation.model,
            messages,
            params,
            priority=self.generation.priority,
            continue_final=bool(so_far),
            cache_salt=self.generation.cache_salt or None,
            session_id=self.generation.channel,
        )
        finish = FinishReason.STOP
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                self._take(delta)
                finish = delta.finish_reason or finish
        return finish

    def _prompt(self) -> list[Message]:
        messages = self.generation.messages()
        head = [m for m in messages if m.role is Role.SYSTEM]
        return [*head, *[m for m in messages if m.role is not Role.SYSTEM][self.turns_left_out :]]

    def _leave_out_a_turn(self) -> bool:
        """Drops the oldest question with its answer. False when only the last question is left."""
        turns = [m for m in self.generation.messages() if m.role is not Role.SYSTEM]
        ahead = [i for i in range(self.turns_left_out + 1, len(turns)) if turns[i].role is Role.USER]
        if ahead:
            self.turns_left_out = ahead[0]
        return bool(ahead)

    def _cut_by_the_context(self) -> bool:
        """Whether the reply ended because prompt and reply filled the context, and not at its own limit."""
        limit = self.generation.params.get("max_tokens")
        return limit is None or self.tokens < limit

    async def _count(self, text: str) -> int:
        """Tokens of a text: counted while we wrote them, asked of the engine when another worker did."""
        if not self.tokens:
            counted = await self.client.tokenize_count(self.generation.model, [Message(Role.ASSISTANT, text)])
            self.tokens = counted or len(text.encode()) // 4
        return self.tokens

    def _take(self, delta: Delta) -> None:
        if delta.usage:
            self.usage = delta.usage
        if not delta.text:
            return
        self.tokens += 1
        self.last_at = time.monotonic()
        if self.first_at is None:
            self.first_at = self.last_at
        self.pending.append(delta.text)
        self.written.set()

    def _failure(self, error: InferenceError) -> Failure:
        for kind, failure in FINAL_FAILURES.items():
            if isinstance(error, kind):
                return failure
        if isinstance(error, EngineBusy):
            return Failure.BUSY
        return Failure.UNAVAILABLE if isinstance(error, EngineUnavailable) else Failure.BROKEN

    async def _flush_regularly(self) -> None:
        """The first piece at once, then whatever has gathered in FLUSH_S."""
        while True:
            await self.written.wait()
            self.written.clear()
            await self._flush()
            await asyncio.sleep(FLUSH_S * self.load)

    async def _flush(self) -> None:
        async with self.flushing:
            if self.pending and self.ours:
                await self._tell_pending()

    async def _tell_pending(self) -> None:
        piece = "".join(self.pending)
        self.pending.clear()
        offset = len(self.live.text)
        try:
            await self.live.append(piece)
        except (RedisError, OSError) as error:
            log.warning("the live text of %s is behind: %s", self.generation.pk, error)
        if self.generation.waiting:
            await self._say_waiting(Waiting.NOTHING)
        await atell(self.generation.channel, events.delta(self.generation.pk, offset, piece))

    @property
    def ours(self) -> bool:
        """Whether the lease can still be relied on. A worker that was frozen for longer must not write over another."""
        return time.monotonic() - self.renewed_at < leases.LEASE_S

    async def _say_waiting(self, reason: Waiting) -> None:
        if self.generation.waiting == reason:
            return
        self.generation.waiting = reason
        with contextlib.suppress(DatabaseError):
            await database_sync_to_async(leases.note)(self.generation.pk, self.owner, reason)
        await atell(self.generation.channel, events.waiting(self.generation.pk, reason))

    async def _end(self, status: Status, outcome: dict) -> None:
        """Stores the outcome; a database that is away for a moment is waited for."""
        self.ending = True
        text = self.live.text + "".join(self.pending)  # pending: what a lease in doubt kept from being told
        values = {**self._figures(), **outcome, "text": text, "turns_left_out": self.turns_left_out}
        where = {"owner": self.owner, "status": Status.STREAMING}
        pause = FIRST_PAUSE_S
        while True:
            try:
                ended = await database_sync_to_async(services.end)(
                    self.generation, where=where, status=status, **values
                )
                break
            except DatabaseError as error:
                log.warning("reply %s is not stored yet: %s", self.generation.pk, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        if ended:
            await atell(self.generation.channel, events.ended(self.generation.pk))
        with contextlib.suppress(RedisError, OSError):
            await self.live.end()

    def _figures(self) -> dict:
        if self.first_at is None:
            return {}
        asked = self.generation.created_at.timestamp()
        first = time.time() - (time.monotonic() - self.first_at)
        return {
            "prompt_tokens": self.usage.prompt_tokens or None,
            "completion_tokens": max(self.tokens, self.usage.completion_tokens) or None,
            "first_token_ms": max(0, round((first - asked) * 1000)),
            "writing_ms": round((self.last_at - self.first_at) * 1000),
        }
