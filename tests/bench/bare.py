"""python -m tests.bench.bare --engine URL --port N: the least that a relay can be, to compare with.

A socket says something; the engine's tokens come back, one frame each. No database, no Markdown, nothing kept.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


def relay(engine: str) -> Starlette:
    @asynccontextmanager
    async def session(app: Starlette) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as app.state.session:
            yield

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            body = {"model": "colloquy", "messages": [{"role": "user", "content": text}], "stream": True}
            async with socket.app.state.session.post(f"{engine}/v1/chat/completions", json=body) as response:
                async for line in response.content:
                    if token := _token(line):
                        await socket.send_text(token)

    return Starlette(routes=[WebSocketRoute("/", serve)], lifespan=session)


def _token(line: bytes) -> str:
    if not line.startswith(b"data: {"):
        return ""
    choices = json.loads(line[6:])["choices"]
    return choices[0]["delta"].get("content", "") if choices else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare", description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    uvicorn.run(
        relay(args.engine),
        host="127.0.0.1",
        port=args.port,
        ws="websockets-sansio",
        log_level="warning",
        ws_max_size=2**20,
    )


if __name__ == "__main__":
    main()
