"""Who reaches the real engine: whoever has its key, on this machine. And that it leaves nothing behind."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from inference.client import Client
from inference.errors import Refused
from inference.messages import Message, Role, SamplingParams
from tests.engine import Engine, running_engine

HELLO = [Message(Role.USER, "hello")]
PATHS = (
    *("/v1/models", "/v1/chat/completions", "/v1/load_lora_adapter", "/invocations", "/tokenize", "/metrics"),
    *("/adapters", "/load", "/version", "/docs", "/openapi.json", "/ping", "/kv_event_sources", "/"),
)


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def tcp_engine(port: int) -> Iterator[Engine]:
    with running_engine(port=port) as engine:
        yield engine


async def status(session: aiohttp.ClientSession, method: str, path: str) -> int:
    async with session.request(method, path, json={}) as response:
        return response.status


@pytest.mark.asyncio
@pytest.mark.parametrize("key", [None, "another key"])
async def test_without_our_key_nothing_but_health_answers(engine: Engine, key: str | None) -> None:
    async with engine.session(key=key) as session:
        assert await status(session, "GET", "/health") == 200
        for path in PATHS:
            for method in ("GET", "POST", "OPTIONS", "DELETE"):
                assert await status(session, method, path) == 401, f"{method} {path}"


@pytest.mark.asyncio
async def test_a_client_with_another_key_is_refused(engine: Engine) -> None:
    async with Client(engine.url, "another key") as client:
        with pytest.raises(Refused):
            await client.complete(engine.model, HELLO, SamplingParams(max_tokens=1))


def test_it_listens_on_a_socket_of_its_owner_alone(engine: Engine) -> None:
    processes = [psutil.Process(engine.process.pid), *psutil.Process(engine.process.pid).children(recursive=True)]
    listening = [c for process in processes for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} <= {"127.0.0.1"}
    assert engine.config.uds
    assert Path(engine.config.uds).stat().st_mode & 0o077 == 0


def test_on_tcp_only_the_loopback_address_answers(tcp_engine: Engine, port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    addresses = {a.address for card in psutil.net_if_addrs().values() for a in card if a.family is socket.AF_INET}
    for address in (addresses | {"127.0.0.2"}) - {"127.0.0.1"}:
        with pytest.raises(OSError):
            socket.create_connection((address, port), timeout=5)


def test_a_killed_engine_leaves_no_process_behind(tcp_engine: Engine) -> None:
    (core,) = psutil.Process(tcp_engine.process.pid).children()
    tcp_engine.process.send_signal(signal.SIGKILL)
    tcp_engine.process.wait()
    assert psutil.wait_procs([core], timeout=10)[1] == []
