"""Client: ask a generation server for replies, over TCP or a Unix socket.

    async with Client("unix:/run/engine.sock", api_key) as client:
        async with aclosing(client.stream("colloquy", messages, SamplingParams())) as reply:
            async for delta in reply:
                print(delta.text, end="")

Closing the generator (aclose, or cancelling the task that reads it) closes the HTTP stream at once, and vLLM then
aborts the request. Leaving the loop early without aclose leaves that to the garbage collector: use `aclosing`.

Every failure is an InferenceError. How long is too long:
- no connection within connect_timeout_s: EngineUnavailable;
- not one byte for stall_timeout_s: EngineStalled;
- the comment lines that a server sends to keep an idle stream open say that the connection lives, not that the reply
  grows. Before the first token they count as life, up to queue_timeout_s, because a request may rightly wait in the
  server's queue; after it they do not, and a reply that stops growing for stall_timeout_s is EngineStalled.

How much is too much: MAX_ANSWER_BYTES of a list or an error, MAX_REPLY_BYTES of one streamed reply: EngineError.
Redirects are not followed.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from . import wire
from .errors import BadRequest, EngineError, EngineStalled, EngineUnavailable, InferenceError, UnknownModel
from .messages import Completion, Delta, FinishReason, Message, ModelCard, Priority, SamplingParams, Usage

# vLLM closes an idle connection after 5 s: let go of ours before, rather than send a request into a closing socket.
_IDLE_CONNECTION_S = 4.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_REPLY_BYTES = 64 * 1024 * 1024  # as events, of which each holds about one token


class Client:
    """url is `http(s)://host:port[/v1]` or `unix:/path/to.sock`. Open it with `async with`, in one event loop.

    plain: the server may know OpenAI's own fields only (wire.chat_body). resolver: which addresses names stand for.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        connect_timeout_s: float = 5,
        stall_timeout_s: float = 60,
        queue_timeout_s: float = 600,
        plain: bool = False,
        resolver: AbstractResolver | None = None,
    ):
        self._socket = url.removeprefix("unix:") if url.startswith("unix:") else None
        self._base = URL("http://engine" if self._socket else url.rstrip("/").removesuffix("/v1"))
        if self._base.scheme not in ("http", "https") or not self._base.host:
            raise ValueError(f"{url!r} is no server address: write http://host:port or unix:/path/to.sock")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._connect_timeout_s = connect_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._queue_timeout_s = queue_timeout_s
        self.plain, self._resolver = plain, resolver
        self._renamed: set[str] = set()  # models that want max_completion_tokens for max_tokens
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        pool: dict[str, Any] = {"limit": 0, "keepalive_timeout": _IDLE_CONNECTION_S}
        tcp = pool | {"resolver": self._resolver}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(self._socket, **pool) if self._socket else aiohttp.TCPConnector(**tcp),
            headers=self._headers,
            json_serialize=lambda value: msgspec.json.encode(value).decode(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._connect_timeout_s, sock_read=self._stall_timeout_s
            ),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        params: SamplingParams,
        *,
        priority: int = Priority.INTERACTIVE,
        continue_final: bool = False,
        cache_salt: str | None = None,
        session_id: str | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """Text as it is written; the last Delta has no text, and carries finish_reason and usage.

        continue_final goes on from the last message, which is then the assistant's partial text.
        Raises an InferenceError, at the first step or at any later one.
        """
        body = wire.chat_body(
            model, messages, params,
            priority=priority, continue_final=continue_final, cache_salt=cache_salt, plain=self.plain,
        )  # fmt: skip
        finish_reason, usage, version = None, None, ""
        async with aclosing(self._chunks(body, session_id)) as chunks:
            async for chunk in chunks:
                finish_reason = chunk.finish_reason or finish_reason
                usage = chunk.counted or usage
                version = chunk.version(model) or version
                if (text := chunk.text) or chunk.logprobs:
                    yield Delta(text, logprobs=chunk.logprobs)
        yield Delta("", finish_reason or FinishReason.STOP, usage, version)

    async def complete(
        self,
        model: str,
        messages: Sequence[Message],
        params: SamplingParams,
        *,
        priority: int = Priority.INTERACTIVE,
        continue_final: bool = False,
        cache_salt: str | None = None,
        session_id: str | None = None,
    ) -> Completion:
        """A whole reply. It streams underneath, so that a long one is no stalled one and cancelling it aborts it."""
        body = wire.chat_body(
            model, messages, params,
            priority=priority, continue_final=continue_final, cache_salt=cache_salt, plain=self.plain,
        )  # fmt: skip
        texts, finish_reason, usage, name = [], FinishReason.STOP, Usage(), model
        async with aclosing(self._chunks(body, session_id)) as chunks:
            async for chunk in chunks:
                texts.append(chunk.text)
                finish_reason = chunk.finish_reason or finish_reason
                usage = chunk.counted or usage
                name = chunk.model or name
        return Completion("".join(texts), finish_reason, usage, name)

    async def models(self) -> list[ModelCard]:
        async with self._request("GET", "/v1/models") as response:
            return wire.parse_models(await _read(response))

    async def health(self) -> bool:
        """Whether the server is ready to answer. Raises nothing."""
        patience = aiohttp.ClientTimeout(total=self._connect_timeout_s)
        try:
            async with self._request("GET", "/health", timeout=patience):
                return True
        except UnknownModel:  # a server without /health
            return await self._lists_models(patience)
        except InferenceError:
            return False

    async def tokenize_count(self, model: str, messages: Sequence[Message]) -> int | None:
        """Tokens of the prompt that these messages make; None where the server cannot say (it is vLLM's own route)."""
        body = {"model": model, "messages": [{"role": m.role.value, "content": m.content} for m in messages]}
        try:
            return None if self.plain else wire.parse_count(await self._post("/tokenize", body))
        except UnknownModel as exc:
            if "model" in str(exc):
                raise
            return None

    async def serves_adapters(self) -> bool:
        """Whether adapters can be loaded while the server runs: an empty request is refused where there is a route."""
        try:
            await self._post("/v1/load_lora_adapter", {})
        except BadRequest:
            return True
        except UnknownModel:
            return False
        return True

    async def load_adapter(self, name: str, path: str) -> None:
        """Make the adapter in directory `path` (absolute, the server's own file system) answer as model `name`.

        Loading what is loaded is no error. Raises BadRequest when there is no adapter, or no LoRA at all.
        """
        try:
            await self._post("/v1/load_lora_adapter", {"lora_name": name, "lora_path": path})
        except UnknownModel as exc:
            raise BadRequest(str(exc)) from exc
        except BadRequest as exc:
            if "already" not in str(exc):
                raise

    async def unload_adapter(self, name: str) -> None:
        """Forget model `name`. Unloading what is not loaded is no error."""
        with suppress(UnknownModel):
            await self._post("/v1/unload_lora_adapter", {"lora_name": name})

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        async with self._request("POST", path, json=body) as response:
            return await _read(response)

    async def _lists_models(self, patience: aiohttp.ClientTimeout) -> bool:
        try:
            async with self._request("GET", "/v1/models", timeout=patience):
                return True
        except InferenceError:
            return False

    async def _chunks(self, body: dict[str, Any], session_id: str | None) -> AsyncGenerator[wire.Chunk, None]:
        asked_at = grew_at = time.monotonic()
        events, started, finished, size = wire.EventParser(), False, False, 0
        async with self._ask(body, session_id) as response:
            while data := await response.content.readany():
                size += len(data)
                if size > MAX_REPLY_BYTES:
                    raise EngineError("the server sent an endless reply")
                for event in events.feed(data):
                    if event is None:
                        self._check_patience(started, asked_at, grew_at)
                        continue
                    if event == b"[DONE]":
                        return
                    chunk = wire.parse_chunk(event)
                    started, grew_at = started or bool(chunk.text), time.monotonic()
                    finished = finished or chunk.finish_reason is not None
                    yield chunk
        if not finished:
            raise EngineUnavailable("the stream ended in the middle of the reply")

    @asynccontextmanager
    async def _ask(self, body: dict[str, Any], session_id: str | None) -> AsyncIterator[aiohttp.ClientResponse]:
        """The open answer to a chat request. OpenAI's later models refuse max_tokens, and say what they want."""
        where = ("POST", "/v1/chat/completions")
        headers = {"X-Session-ID": session_id} if session_id else None
        async with AsyncExitStack() as stack:
            try:
                body = wire.renamed(body) if body["model"] in self._renamed else body
                response = await stack.enter_async_context(self._request(*where, json=body, headers=headers))
            except BadRequest as refusal:
                if not self.plain or "max_completion_tokens" not in str(refusal) or "max_tokens" not in body:
                    raise
                self._renamed.add(body["model"])
                again = self._request(*where, json=wire.renamed(body), headers=headers)
                response = await stack.enter_async_context(again)
            yield response

    def _check_patience(self, started: bool, asked_at: float, grew_at: float) -> None:
        since, limit_s = (grew_at, self._stall_timeout_s) if started else (asked_at, self._queue_timeout_s)
        if time.monotonic() - since > limit_s:
            raise EngineStalled(f"only keep-alives for {limit_s:g} s")

    @asynccontextmanager
    async def _request(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one request, 200 for certain; whatever fails inside the block is an InferenceError too."""
        if self._session is None:
            raise RuntimeError("open the client first: async with Client(…) as client")
        try:
            async with self._session.request(method, self._url(path), allow_redirects=False, **options) as response:
                try:
                    if response.status != 200:
                        raise wire.parse_error(
                            response.status, await _read(response), response.headers.get("Retry-After")
                        )
                    yield response
                finally:
                    if not response.content.at_eof():
                        response.close()  # what is not read to its end is aborted, never put back in the pool
        except aiohttp.ConnectionTimeoutError as exc:
            raise EngineUnavailable(f"no connection: {exc}") from exc
        except TimeoutError as exc:
            raise EngineStalled("the server went silent") from exc
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as exc:
            raise EngineUnavailable(f"{type(exc).__name__}: {exc}") from exc
        except aiohttp.ClientError as exc:
            raise EngineError(f"{type(exc).__name__}: {exc}") from exc

    def _url(self, path: str) -> URL:
        return self._base.with_path(self._base.path.rstrip("/") + path)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    while piece := await response.content.readany():
        data += piece
        if len(data) > MAX_ANSWER_BYTES:
            raise EngineError("the server sent an endless answer")
    return bytes(data)
