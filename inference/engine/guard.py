"""Guard: ASGI middleware (`vllm serve --middleware`) that lets nobody in without our key.

vLLM's own check covers the paths below /v1 and a few more; /invocations writes text, /adapters loads any directory and
/metrics shows what goes on, all without a key (seen in 0.32 and 0.33). Here every path wants it but GET /health, which
says nothing but that the engine lives.
"""

import hmac
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REFUSAL = b'{"error":{"message":"This engine wants its key.","type":"AuthenticationError","param":null,"code":401}}'


class Guard:
    """Raises RuntimeError, and so keeps the server from starting, when VLLM_API_KEY is not set."""

    def __init__(self, app: App):
        key = os.environ.get("VLLM_API_KEY")
        if not key:
            raise RuntimeError("VLLM_API_KEY is not set: without a key the engine would serve anybody.")
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _asks_for_health(scope) or self._shows_key(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send_json(send, 401, _REFUSAL)

    def _shows_key(self, scope: Scope) -> bool:
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(shown) == 1 and hmac.compare_digest(shown[0], self._expected)


async def send_json(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _asks_for_health(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == "/health"
