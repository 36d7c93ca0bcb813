"""The guard in front of an application that would answer anybody."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from inference.engine.guard import Guard

KEY = {"Authorization": "Bearer secret"}


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("answered")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("answered")
    await socket.close()


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    everything = Route("/{path:path}", answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
    return TestClient(Guard(Starlette(routes=[WebSocketRoute("/v1/realtime", talk), everything])))


@pytest.mark.parametrize("path", ["/", "/v1/models", "/invocations", "/metrics", "/adapters", "/healthy", "/health/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_without_the_key_no_path_answers(visitor: TestClient, path: str, method: str) -> None:
    response = visitor.request(method, path)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "AuthenticationError"


@pytest.mark.parametrize("given", ["secret", "Bearer", "Bearer ", "Bearer wrong", "bearer secret", "Bearer secret "])
def test_what_is_not_the_key_is_refused(visitor: TestClient, given: str) -> None:
    assert visitor.get("/v1/models", headers={"Authorization": f"{given}x"}).status_code == 401


def test_two_keys_are_no_key(visitor: TestClient) -> None:
    headers = [("Authorization", "Bearer wrong"), ("Authorization", "Bearer secret")]
    assert visitor.get("/v1/models", headers=headers).status_code == 401


def test_with_the_key_every_path_answers(visitor: TestClient) -> None:
    assert visitor.post("/invocations", headers=KEY).text == "answered"


def test_health_answers_everybody_but_only_to_get(visitor: TestClient) -> None:
    assert visitor.get("/health").text == "answered"
    assert visitor.post("/health").status_code == 401


def test_a_socket_wants_the_key_too(visitor: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/v1/realtime"):
        pass
    with visitor.websocket_connect("/v1/realtime", headers=KEY) as socket:
        assert socket.receive_text() == "answered"


def test_no_server_starts_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    with pytest.raises(RuntimeError, match="VLLM_API_KEY is not set"):
        Guard(Starlette())
