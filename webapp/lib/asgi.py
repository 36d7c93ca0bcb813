"""Small ASGI middleware."""

from collections.abc import Awaitable, Callable

App = Callable[[dict, Callable, Callable], Awaitable[None]]


def signed_in_only(app: App) -> App:
    """Refuses a socket to whoever is not signed in, with code 4401; it opens first, or else no browser would see it."""

    async def middleware(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["user"].is_authenticated:
            await app(scope, receive, send)
        else:
            await receive()  # websocket.connect
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4401})

    return middleware
