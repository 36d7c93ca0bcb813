"""The real engine, once for the test session: `pytest_plugins = ["tests.engine"]`, then ask for the fixture `engine`.

It serves the built-in model where there is one, else a tiny random Llama. Its limits are low, so that a test can reach
them: 8 replies at once, 24 requests waiting, 2 adapters in a batch and in memory.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from inference.client import Client
from inference.server import ROOT, ServerConfig
from tests.tiny_llama import write_adapter, write_model

KEY = "the-key-of-the-test-engine"
LIMITS: dict[str, int] = {"max_num_seqs": 8, "max_queued": 24, "max_loras": 2, "max_cpu_loras": 2}
START_TIMEOUT_S = 180


@dataclass(frozen=True)
class Engine:
    """A running engine. directory: for what a test gives it to load; log: what it wrote."""

    config: ServerConfig
    process: "subprocess.Popen[bytes]"
    directory: Path
    log: Path

    @property
    def url(self) -> str:
        return self.config.url

    @property
    def api_key(self) -> str:
        return self.config.api_key

    @property
    def model(self) -> str:
        return self.config.served_name

    @property
    def model_dir(self) -> Path:
        return Path(self.config.model)

    def adapter(self, name: str, seed: int) -> Path:
        """The directory of a random adapter of its own."""
        return write_adapter(self.directory / name, self.model_dir, seed=seed)

    def session(self, *, key: str | None = KEY) -> aiohttp.ClientSession:
        """For what inference.client does not ask for."""
        at = self.config.uds
        return aiohttp.ClientSession(
            base_url="http://engine" if at else self.url,
            connector=aiohttp.UnixConnector(os.fspath(at)) if at else None,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    async def ask(self, **fields: Any) -> str:
        """The reply to fields of vLLM's own, such as ignore_eos or structured_outputs."""
        body = {"model": self.model, "messages": [{"role": "user", "content": "Tell me a story."}]} | fields
        async with self.session() as session, session.post("/v1/chat/completions", json=body) as response:
            assert response.status == 200, await response.text()
            text: str = (await response.json())["choices"][0]["message"]["content"]
        return text

    async def is_at(self, *, running: int, waiting: int = 0) -> None:
        """Wait until it writes so many replies, and so many requests wait."""
        async with asyncio.timeout(60), self.session() as session:
            while await _load(session) != (running, waiting):
                await asyncio.sleep(0.02)


@contextmanager
def running_engine(**options: Any) -> Iterator[Engine]:
    """An engine with these fields of ServerConfig; it is ready when the block begins, and gone when it ends."""
    directory = Path(tempfile.mkdtemp(prefix="colloquy-"))  # pytest's own paths are too long for a Unix socket
    try:
        settings: dict[str, Any] = (
            LIMITS | {"model": str(_model(directory)), "api_key": KEY, "cache_dir": directory} | options
        )
        config = ServerConfig(**settings)
        log = directory / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                config.argv(), env=os.environ | config.environment(), stdout=output, stderr=output
            )
        engine = Engine(config, process, directory, log)
        try:
            _wait_until_ready(engine)
            yield engine
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="colloquy-") as place, running_engine(uds=f"{place}/sock") as engine:
        yield engine


async def _load(session: aiohttp.ClientSession) -> tuple[float, float]:
    async with session.get("/metrics") as response:
        lines = (await response.text()).splitlines()

    def total(name: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"vllm:{name}{{"))

    return total("num_requests_running"), total("num_requests_waiting")


def _model(directory: Path) -> Path:
    builtin = ROOT / "inference" / "builtin"
    return builtin if (builtin / "model.safetensors").exists() else write_model(directory / "model")


def _wait_until_ready(engine: Engine) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not _answers(engine.config):
        if engine.process.poll() is not None or time.monotonic() > give_up_at:
            pytest.fail(f"The engine did not start:\n{engine.log.read_text()[-4000:]}")
        time.sleep(0.1)


def _answers(config: ServerConfig) -> bool:
    """Asked in a thread of its own: a browser's event loop may be running in this one."""

    async def ask() -> bool:
        async with Client(config.url, config.api_key) as client:
            return await client.health()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()
