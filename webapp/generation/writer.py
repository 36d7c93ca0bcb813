"""Writes one reply: from the engine's stream to the live text, to whoever looks on, and at the end to the row.

It goes on from the text already written, whether another worker wrote it or the engine died in the middle.
"""

import asyncio
import contextlib
import logging
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from inference import prompts
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
from inference.messages import Delta, FinishReason, Message, Role, TokenLogprob, Usage
from webapp.generation import adapters, events, leases, live, services
from webapp.generation.clients import Clients
from webapp.generation.endpoints import Unusable, failure_at
from webapp.generation.models import Failure, Generation, Status, Waiting
from webapp.generation.teller import Teller
from webapp.lib import groups

log = logging.getLogger(__name__)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 3.0
ENDPOINT_DEADLINE_S = 60.0  # nobody restarts an endpoint for us: people choose another model sooner
VERSION_LENGTH = 80  # as the column
BREAKS_ALLOWED = 5  # times that the engine may break off before the reply counts as failed
FINAL_FAILURES: dict[type[InferenceError], Failure] = {
    ContextTooLong: Failure.TOO_LONG,
    UnknownModel: Failure.UNKNOWN_MODEL,
    Refused: Failure.REFUSED,
    BadRequest: Failure.BAD_REQUEST,
}


class Writer:
    """One claimed Generation. `run` returns when it has ended or is no longer ours; cancel it to hand it over."""

    def __init__(self, generation: Generation, owner: str, clients: Clients, teller: Teller):
        self.generation, self.owner, self.clients, self.teller = generation, owner, clients, teller
        self.redis = teller.redis
        self.renewed_at = time.monotonic()
        self.stopping = asyncio.Event()
        self.live = live.LiveText(generation.pk, generation.text)  # it has one when it was continued
        self.pending: list[str] = []
        self.silent = True  # nothing of it has been told yet
        self.usage = Usage()
        self.logprobs: list[TokenLogprob] = []
        self.version = generation.version
        self.tokens = 0
        self.first_at: float | None = None
        self.last_at = 0.0
        self.turns_left_out = generation.turns_left_out
        self.ending = False

    async def run(self) -> None:
        if self.generation.stop_requested:
            self.stopping.set()
        await self._resume()
        try:
            status, outcome = await self._write_or_stop()
        except BaseException:
            await self.teller.tell({self})  # for whoever goes on
            raise
        await self._end(status, outcome)

    async def _resume(self) -> None:
        """Takes up the text that an earlier worker left. Without Redis it can only begin anew."""
        with contextlib.suppress(RedisError, OSError):
            if self.generation.attempts > 1:
                found = await live.read(self.redis, self.generation.pk)
                if found.startswith(self.generation.text):
                    self.live = live.LiveText(self.generation.pk, found)
            if self.live.text:
                await self.live.store(self.redis)

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
        try:
            async with self.clients.of(self.generation) as client:
                return await self._write_with(client)
        except Unusable as error:
            return Status.FAILED, {"failure": error.failure}

    async def _write_with(self, client: Client) -> tuple[Status, dict]:
        """Streams until the reply is whole, however often the engine goes away; gives up at the deadline."""
        patience_s = ENDPOINT_DEADLINE_S if self.generation.server else settings.GENERATION_DEADLINE_S
        deadline = time.monotonic() + patience_s
        pause, breaks = FIRST_PAUSE_S, 0
        trouble: type[InferenceError] | tuple[()] = ()
        while True:
            before = self.tokens
            try:
                finish = await self._stream_at_last(client)
                if finish is FinishReason.LENGTH and self._cut_by_the_context() and self._leave_out_a_turn():
                    continue
                return Status.DONE, {"finish_reason": finish}
            except ContextTooLong:
                if self._leave_out_a_turn():
                    continue
                if self.generation.text:  # one that was continued fills the context by itself
                    return Status.DONE, {"finish_reason": FinishReason.LENGTH}
                return Status.FAILED, {"failure": Failure.TOO_LONG}
            except InferenceError as error:
                again = isinstance(error, trouble)  # the same trouble once more is no news
                level, trouble = logging.DEBUG if again else logging.INFO, type(error)
                log.log(level, "reply %s: %s: %s", self.generation.pk, type(error).__name__, error)
                failure = self._failure(error)
                if not error.retryable:
                    return Status.FAILED, {"failure": failure_at(self.generation, failure)}
                breaks += failure is Failure.BROKEN
                if time.monotonic() > deadline or breaks > BREAKS_ALLOWED:
                    return Status.FAILED, {"failure": failure_at(self.generation, failure)}
            if self.tokens > before:  # it was getting on
                pause, deadline = FIRST_PAUSE_S, time.monotonic() + patience_s
            await self._say_waiting(self._waiting_for(failure))
            await self._keep_live()
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    async def _stream_at_last(self, client: Client) -> FinishReason:
        """Loads the reply's adapter where the engine was started meanwhile and does not have it. Raises as _stream."""
        try:
            return await self._stream(client)
        except UnknownModel:
            if self.generation.server or not await adapters.load(client, self.generation.model):
                raise
        return await self._stream(client)

    async def _keep_live(self) -> None:
        """While nothing is appended, nothing else would repair a live text that Redis has lost."""
        with contextlib.suppress(RedisError, OSError):
            async with self.teller.telling:
                if self.live.text:
                    await self.live.store(self.redis)

    async def _stream(self, client: Client) -> FinishReason:
        """One request to the engine, going on from the text so far. Raises InferenceError."""
        if self.generation.params.get("choices"):
            self._begin_anew()
        so_far = self.text
        fresh = so_far[len(self.generation.text) :]  # of a continued reply only this counts against the limit
        messages = self._prompt()
        params = self.generation.sampling()
        if so_far:
            messages = [*messages, Message(Role.ASSISTANT, so_far)]
            if fresh and params.max_tokens is not None:
                params = replace(params, max_tokens=max(1, params.max_tokens - await self._count(client, fresh)))
        if so_far and client.plain:
            messages = prompts.go_on(messages)
        stream = client.stream(self.generation.model, messages, params, **self._options(going_on=bool(so_far)))
        finish = FinishReason.STOP
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                if so_far and client.plain and delta.text:
                    delta, so_far = replace(delta, text=prompts.seam(so_far, delta.text) + delta.text), ""
                if self.generation.waiting:
                    await self._say_waiting(Waiting.NOTHING)
                self._take(delta)
                finish = delta.finish_reason or finish
        return finish

    def _begin_anew(self) -> None:
        """The choice of one word among a few is no text that one goes on from."""
        self.live = live.LiveText(self.generation.pk)
        self.pending.clear()
        self.logprobs.clear()
        self.tokens = 0

    def _options(self, *, going_on: bool) -> dict[str, Any]:
        """What is said beside the prompt; another server hears nothing of the team and the conversation."""
        if self.generation.server:
            return {"continue_final": going_on}
        return {
            "priority": self.generation.priority,
            "continue_final": going_on,
            "cache_salt": self.generation.cache_salt or None,
            "session_id": self.generation.channel,
        }

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
        return not self.generation.server and (limit is None or self.tokens < limit)

    async def _count(self, client: Client, text: str) -> int:
        """Tokens of a text: counted while we wrote them, asked of the engine when another worker did."""
        if not self.tokens:
            counted = await client.tokenize_count(self.generation.model, [Message(Role.ASSISTANT, text)])
            self.tokens = counted or len(text.encode()) // 4
        return self.tokens

    def _take(self, delta: Delta) -> None:
        if delta.usage:
            self.usage = delta.usage
        if delta.version and not self.generation.by_adapter:  # of which the engine knows less than we
            self.version = delta.version[:VERSION_LENGTH]
        self.logprobs += delta.logprobs
        if not delta.text:
            return
        self.tokens += 1
        self.last_at = time.monotonic()
        if self.first_at is None:
            self.first_at = self.last_at
        self.pending.append(delta.text)
        self.teller.wake(self)

    def take(self) -> str:
        """What is pending, to be told now."""
        piece, self.silent = "".join(self.pending), False
        self.pending.clear()
        return piece

    @property
    def text(self) -> str:
        return self.live.text + "".join(self.pending)

    def _waiting_for(self, failure: Failure) -> Waiting:
        if self.generation.server:
            return Waiting.ENDPOINT
        return Waiting.BUSY if failure is Failure.BUSY else Waiting.ENGINE

    def _failure(self, error: InferenceError) -> Failure:
        for kind, failure in FINAL_FAILURES.items():
            if isinstance(error, kind):
                return failure
        if isinstance(error, EngineBusy):
            return Failure.BUSY
        return Failure.UNAVAILABLE if isinstance(error, EngineUnavailable) else Failure.BROKEN

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
        await groups.atell(self.generation.channel, events.waiting(self.generation.pk, reason))

    async def _end(self, status: Status, outcome: dict) -> None:
        """Stores the outcome; a database that is away for a moment is waited for."""
        self.ending = True
        self.teller.due.discard(self)
        values = {**self._figures(), **outcome, "text": self.text, "turns_left_out": self.turns_left_out}
        values["version"] = self.version
        if self.logprobs:
            values["logprobs"] = [[t.token, t.logprob, dict(t.top)] for t in self.logprobs]
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
            with contextlib.suppress(RedisError, OSError):
                await live.end(self.redis, self.generation.pk, groups.CHANNEL, groups.encode(self._last_words()))

    def _last_words(self) -> list[tuple[str, groups.Event]]:
        pk, channel = self.generation.pk, self.generation.channel
        offset, piece = len(self.live.text), self.take()
        told = [events.delta(pk, offset, piece)] if piece else []
        return [(channel, event) for event in (*told, events.ended_with(self.generation))]

    def _figures(self) -> dict:
        if self.first_at is None:
            return {}
        earlier = self.generation  # of a continued reply the row has the figures of what was written before
        asked = earlier.created_at.timestamp()
        first = time.time() - (time.monotonic() - self.first_at)
        first_token_ms = (
            max(0, round((first - asked) * 1000)) if earlier.first_token_ms is None else earlier.first_token_ms
        )
        return {
            "prompt_tokens": earlier.prompt_tokens or self.usage.prompt_tokens or None,
            "completion_tokens": (earlier.completion_tokens or 0) + max(self.tokens, self.usage.completion_tokens)
            or None,
            "first_token_ms": first_token_ms,
            "writing_ms": (earlier.writing_ms or 0) + round((self.last_at - self.first_at) * 1000),
        }
