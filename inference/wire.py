"""The chat-completions wire format: our values to JSON bodies, and a server's bytes to our values and errors.

Pure functions, no connection. The format is OpenAI's (https://platform.openai.com/docs/api-reference/chat) as vLLM
serves it, with vLLM's additions (priority, cache_salt, repetition_penalty, repetition_detection, structured_outputs,
continue_final_message): those are sent only when they are wanted, and in `plain` bodies never, since other servers may
refuse a field they do not know.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from .errors import (
    BadRequest,
    ContextTooLong,
    EngineBusy,
    EngineError,
    EngineUnavailable,
    InferenceError,
    Refused,
    UnknownModel,
)
from .messages import FinishReason, Message, ModelCard, Priority, SamplingParams, TokenLogprob, Usage

LONGEST_PATTERN = 16  # tokens that are looked for again: at each new one, so longer ones cost the engine time
MAX_EVENT_BYTES = 4 * 1024 * 1024
STANDARD = ("temperature", "top_p", "max_tokens", "seed")  # the sampling fields that every server knows
_TOO_LONG = ("context length", "context_length", "maximum model length", "context window", "available context")


class _Delta(msgspec.Struct):
    content: str | None = None


class _Candidate(msgspec.Struct):
    token: str
    logprob: float


class _Token(_Candidate):
    top_logprobs: list[_Candidate] = []


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int | None = 0


class Chunk(msgspec.Struct):
    """One event of a streamed reply, with only what we read."""

    choices: list[_Choice] = []
    usage: _Usage | None = None
    model: str = ""
    system_fingerprint: str | None = None
    error: Any = None

    @property
    def text(self) -> str:
        return (self.choices[0].delta.content or "") if self.choices else ""

    @property
    def logprobs(self) -> tuple[TokenLogprob, ...]:
        told = self.choices[0].logprobs if self.choices else None
        tokens = (told.content if told else None) or []
        return tuple(
            TokenLogprob(t.token, t.logprob, tuple((top.token, top.logprob) for top in t.top_logprobs)) for t in tokens
        )

    def version(self, asked: str) -> str:
        """What the server says of the model that answers: its full name where `asked` was a short one, or its build."""
        return self.model if self.model not in ("", asked) else self.system_fingerprint or ""

    @property
    def finish_reason(self) -> FinishReason | None:
        """Reasons that other servers add (tool_calls, content_filter) all mean: it stopped by itself."""
        reason = self.choices[0].finish_reason if self.choices else None
        if reason is None:
            return None
        return FinishReason(reason) if reason in list(FinishReason) else FinishReason.STOP

    @property
    def counted(self) -> Usage | None:
        return Usage(self.usage.prompt_tokens, self.usage.completion_tokens or 0) if self.usage else None


class _Card(msgspec.Struct):
    id: str
    parent: str | None = None
    max_model_len: int | None = None
    owned_by: str | None = None


class _Cards(msgspec.Struct):
    data: list[_Card]


_chunk = msgspec.json.Decoder(Chunk)
_cards = msgspec.json.Decoder(_Cards)


def chat_body(
    model: str,
    messages: Sequence[Message],
    params: SamplingParams,
    *,
    priority: int = Priority.INTERACTIVE,
    continue_final: bool = False,
    cache_salt: str | None = None,
    plain: bool = False,
) -> dict[str, Any]:
    """The body of POST /v1/chat/completions for one streamed reply. `plain`: with OpenAI's own fields only, and so
    without repetition_penalty, repeats, priority, cache_salt and continue_final, whatever is given for them."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role.value, "content": m.content} for m in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    for name in STANDARD if plain else (*STANDARD, "repetition_penalty"):
        if (value := getattr(params, name)) is not None:
            body[name] = value
    if params.stop:
        body["stop"] = list(params.stop)
    if params.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": params.logprobs}
    if plain:
        return body
    if params.repeats:
        body["repetition_detection"] = {"max_pattern_size": LONGEST_PATTERN, "min_count": params.repeats}
    if params.choices:
        body["structured_outputs"] = {"choice": list(params.choices)}
    if priority != Priority.INTERACTIVE:
        body["priority"] = priority
    if cache_salt is not None:
        body["cache_salt"] = cache_salt
    if continue_final:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    return body


def renamed(body: dict[str, Any]) -> dict[str, Any]:
    """The same request in the words of OpenAI's later models."""
    body = dict(body)
    if "max_tokens" in body:
        body["max_completion_tokens"] = body.pop("max_tokens")
    return body


class EventParser:
    """Cuts a byte stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) into
    the value of each `data:` line; a comment line comes out as None. Every chat server sends one line an event."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_EVENT_BYTES:
            raise EngineError("the server sent an endless event")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
            elif line.startswith(b":"):
                yield None


def parse_chunk(data: bytes) -> Chunk:
    """Raises what the server reports inside its stream, or EngineError for what is not a chunk."""
    try:
        chunk = _chunk.decode(data)
    except msgspec.DecodeError as exc:
        raise EngineError(f"malformed event in the stream: {exc}") from exc
    if chunk.error is not None:
        raise _reported(chunk.error)
    if chunk.choices and chunk.choices[0].finish_reason == "error":
        raise EngineError("the server gave up on this reply")
    return chunk


def parse_models(data: bytes) -> list[ModelCard]:
    try:
        cards = _cards.decode(data).data
        return [ModelCard(card.id, card.parent, card.max_model_len, card.owned_by or "") for card in cards]
    except msgspec.DecodeError as exc:
        raise EngineError(f"malformed list of models: {exc}") from exc


def parse_count(data: bytes) -> int | None:
    try:
        return msgspec.json.decode(data, type=dict[str, Any]).get("count")
    except msgspec.DecodeError:
        return None


def parse_error(status: int, body: bytes, retry_after: str | None = None) -> InferenceError:
    """The error that a refused request means; body is whatever the server said, of any form."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        said = {}
    detail = said.get("error") or said.get("detail") or said.get("message") or body.decode(errors="replace")
    return _error(status, _message(detail), retry_after)


def _reported(error: Any) -> InferenceError:
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return _error(int(code) if code.isdigit() and 400 <= int(code) < 600 else 500, _message(error))


def _message(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or error.get("type")
    return str(error or "no reason given").strip()[:2000]


def _error(status: int, message: str, retry_after: str | None = None) -> InferenceError:
    text = f"{status}: {message}"
    if status in (401, 403):
        return Refused(text)
    if status in (404, 405):  # 405: a server without this route
        return UnknownModel(text)
    if status in (429, 503):
        return EngineBusy(text, float(retry_after) if retry_after and retry_after.isdigit() else None)
    if status in (502, 504):
        return EngineUnavailable(text)
    if any(sign in message.lower() for sign in _TOO_LONG):
        return ContextTooLong(text)
    return BadRequest(text) if 400 <= status < 500 else EngineError(text)
