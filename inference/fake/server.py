"""Fake: the server itself."""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import msgspec
from aiohttp import web

from .reply import DONE, KEEP_ALIVE, Reply, count_tokens, encode_event
from .script import Failures, Script, Stats, pace, wait

OPENAI_FIELDS = frozenset(
    "model messages stream stream_options temperature top_p max_tokens max_completion_tokens n stop seed logprobs "
    "top_logprobs presence_penalty frequency_penalty logit_bias response_format tools tool_choice user".split()
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fake:
    """`async with Fake(...)` listens on a port of the loopback address (0: any free one) or on Unix socket `uds`.

    lora: whether it has the routes that load adapters, of rank max_lora_rank at most; vLLM has them only when told to;
    with `adapters` cleared it is as one that was started again. strict: it is no vLLM but like OpenAI: it refuses
    fields that it does not know, continues nobody's message, and has no routes of vLLM's.
    build: what its replies say of the model's version.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        model: str = "colloquy",
        api_key: str | None = None,
        port: int = 0,
        uds: str | None = None,
        context: int = 8192,
        seed: int = 0,
        lora: bool = True,
        max_lora_rank: int = 64,
        strict: bool = False,
        build: str | None = None,
    ):
        self.script = script or Script()
        self.failures: Failures | None = None
        self.stats = Stats()
        self.adapters: dict[str, str] = {}
        self.url = ""
        self._max_lora_rank = max_lora_rank
        self._model, self._api_key, self._context, self._seed = model, api_key, context, seed
        self._port, self._uds, self._strict, self._build = port, uds, strict, build
        self._runner = web.AppRunner(self._app(lora), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.UnixSite(self._runner, self._uds, backlog=1024) if self._uds else self._tcp_site()
        await site.start()
        self.url = f"unix:{self._uds}" if self._uds else f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _tcp_site(self) -> web.BaseSite:
        return web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)

    def _app(self, lora: bool) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=64 * 1024**2)
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/v1/chat/completions", self._chat),
                web.get("/fake/stats", self._show_stats),
                web.post("/fake/script", self._set_script),
                web.post("/fake/failures", self._set_failures),
            ]
        )
        if self._strict:
            return app
        app.add_routes([web.get("/health", self._health), web.post("/tokenize", self._tokenize)])
        if lora:
            app.router.add_post("/v1/load_lora_adapter", self._load_adapter)
            app.router.add_post("/v1/unload_lora_adapter", self._unload_adapter)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if self._api_key and request.path != "/health" and not hmac.compare_digest(given, f"Bearer {self._api_key}"):
            return _error(401, "Unauthorized")
        return await handler(request)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _models(self, request: web.Request) -> web.Response:
        owner = {"object": "model", "owned_by": "fake" if self._strict else "vllm"}
        base = owner | {"id": self._model, "parent": None, "max_model_len": self._context}
        adapters = [owner | {"id": name, "parent": self._model} for name in self.adapters]
        return _json({"object": "list", "data": [base, *adapters]})

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await _decode(request)
        count = {"count": count_tokens(body.get("messages", [])), "max_model_len": self._context}
        return self._unknown(body) or _json(count)

    async def _load_adapter(self, request: web.Request) -> web.Response:
        body = await _decode(request)
        name, path = body.get("lora_name"), body.get("lora_path")
        if not name or not path:
            return _error(400, "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.adapters:
            return _error(400, f"The lora adapter '{name}' has already been loaded.")
        if not os.path.isdir(path):
            return _error(404, f"No adapter found for {path}")
        if (rank := _rank(path)) > self._max_lora_rank:
            return _error(500, f"LoRA rank {rank} is greater than max_lora_rank {self._max_lora_rank}.")
        self.adapters[name] = path
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload_adapter(self, request: web.Request) -> web.Response:
        name = (await _decode(request)).get("lora_name", "")
        if self.adapters.pop(name, None) is None:
            return _error(404, f"The lora adapter '{name}' cannot be found.")
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")

    async def _show_stats(self, request: web.Request) -> web.Response:
        return _json(self.stats)

    async def _set_script(self, request: web.Request) -> web.Response:
        try:
            self.script = msgspec.json.decode(await request.read(), type=Script)
        except msgspec.DecodeError as exc:
            return _error(400, str(exc))
        return web.Response()

    async def _set_failures(self, request: web.Request) -> web.Response:
        try:
            self.failures = msgspec.json.decode(await request.read(), type=Failures)
        except msgspec.DecodeError as exc:
            return _error(400, str(exc))
        return web.Response()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _decode(request)
        self.stats.requests += 1
        self.stats.last_request = body | {"session_id": request.headers.get("X-Session-ID")}
        if refusal := self._next_failure() or self._unfit(body):
            self.stats.refused += 1
            return refusal
        self.stats.running += 1
        self.stats.peak_running = max(self.stats.peak_running, self.stats.running)
        try:
            response = await self._reply(request, body, self.script)
        except (asyncio.CancelledError, ConnectionError):
            self.stats.aborts += 1
            raise
        finally:
            self.stats.running -= 1
        self.stats.finished += 1
        return response

    def _unfit(self, body: dict[str, Any]) -> web.Response | None:
        return self._unknown(body) or self._unheard(body) or _incomplete(body) or self._too_long(body)

    def _unheard(self, body: dict[str, Any]) -> web.Response | None:
        unheard = sorted(body.keys() - OPENAI_FIELDS) if self._strict else []
        return _error(400, f"Unrecognized request argument supplied: {unheard[0]}") if unheard else None

    def _next_failure(self) -> web.Response | None:
        failures = self.failures
        if not failures or failures.times < 1:
            return None
        failures.times -= 1
        headers = {"Retry-After": str(failures.retry_after_s)} if failures.retry_after_s is not None else None
        return _error(failures.status, failures.message, headers)

    def _unknown(self, body: dict[str, Any]) -> web.Response | None:
        name = body.get("model")
        if name == self._model or name in self.adapters:
            return None
        return _error(404, f"The model `{name}` does not exist.")

    def _too_long(self, body: dict[str, Any]) -> web.Response | None:
        asked = count_tokens(body["messages"]) + (body.get("max_tokens") or 0)
        if asked <= self._context:
            return None
        return _error(400, f"This model's maximum context length is {self._context} tokens. You requested {asked}.")

    async def _reply(self, request: web.Request, body: dict[str, Any], script: Script) -> web.StreamResponse:
        reply = Reply(body, script, self._seed, self._build)
        if body.get("stream"):
            return await self._stream(request, reply, script)
        async for count in pace(len(reply.tokens), script):
            self.stats.tokens += count
        return _json(reply.whole())

    async def _stream(self, request: web.Request, reply: Reply, script: Script) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        sent, prefix = 0, reply.opening()
        async for count in pace(len(reply.tokens[: script.after]), script):
            if not count:
                await response.write(KEEP_ALIVE)
                continue
            await response.write(prefix + reply.events(sent, count))
            sent, prefix = sent + count, b""
            self.stats.tokens += count
        await self._end(request, response, reply, script)
        return response

    async def _end(self, request: web.Request, response: web.StreamResponse, reply: Reply, script: Script) -> None:
        match script.ending:
            case "finish":
                await response.write(reply.closing())
            case "stall":
                async for _ in wait(script):
                    await response.write(KEEP_ALIVE)
            case "break":
                assert request.transport is not None
                request.transport.close()
            case "error":
                error = {"message": "the engine broke", "type": "InternalServerError", "code": 500}
                await response.write(encode_event({"error": error}) + DONE)
            case "garbage":
                await response.write(b"data: {not json\n\n")


def _rank(path: str) -> int:
    """Of the adapter in that directory, as far as it says."""
    try:
        with open(os.path.join(path, "adapter_config.json"), "rb") as file:
            return int(msgspec.json.decode(file.read(), type=dict[str, Any])["r"])
    except (OSError, msgspec.DecodeError, KeyError):
        return 0


def _incomplete(body: dict[str, Any]) -> web.Response | None:
    return None if body.get("messages") else _error(400, "messages must be a list of at least one message.")


async def _decode(request: web.Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, Any])
    except msgspec.DecodeError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, headers=headers, content_type="application/json"
    )


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    types = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError"}
    error = {"message": message, "type": types.get(status, "InternalServerError"), "param": None, "code": status}
    return _json({"error": error}, status, headers)
