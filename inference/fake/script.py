"""What the fake is told to do, and what it saw."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec

_FOREVER_S = 86_400.0


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How every reply goes until another script comes.

    replies: to last user messages that end so. text: the reply otherwise; without it that message is echoed.
    tokens: cut the text to so many or, where there is no text, that many words which depend on the seed and the last
    user message alone. tokens_per_s: 0 is all at once. wait_s: before the first token. keep_alive_s: send comment lines
    that often while there is nothing to say. ending: what happens after `after` tokens, or after the last one: finish;
    stall (say nothing more); break (close the connection); end (no finish reason, no [DONE]); error (an error object in
    the stream); garbage (no JSON).
    """

    replies: dict[str, str] = {}
    text: str | None = None
    tokens: int | None = None
    tokens_per_s: float = 0
    wait_s: float = 0
    keep_alive_s: float = 0
    ending: Literal["finish", "stall", "break", "end", "error", "garbage"] = "finish"
    after: int | None = None


class Failures(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The next `times` chat requests are refused with `status`."""

    status: int = 503
    times: int = 1
    message: str = "The engine is currently busy and cannot accept new requests."
    retry_after_s: int | None = None


class Stats(msgspec.Struct):
    """Counts of chat requests. aborts: the client went away; last_request: the latest body, and its session_id."""

    requests: int = 0
    running: int = 0
    peak_running: int = 0
    finished: int = 0
    aborts: int = 0
    refused: int = 0
    tokens: int = 0
    last_request: dict[str, Any] = {}


async def pace(tokens: int, script: Script) -> AsyncIterator[int]:
    """How many of `tokens` are due now, each time some are; 0 when a keep-alive is."""
    async for _ in wait(script, script.wait_s):
        yield 0
    if not script.tokens_per_s:
        yield tokens
        return
    sent, started = 0, time.monotonic()
    while sent < tokens:
        await asyncio.sleep(started + sent / script.tokens_per_s - time.monotonic())
        due = min(tokens, 1 + int((time.monotonic() - started) * script.tokens_per_s))
        if due > sent:
            yield due - sent
        sent = due


async def wait(script: Script, seconds: float = _FOREVER_S) -> AsyncIterator[None]:
    """Let time pass; yields whenever a keep-alive is due."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, script.keep_alive_s or left))
        if script.keep_alive_s and time.monotonic() < until:
            yield
