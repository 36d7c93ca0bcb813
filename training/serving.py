"""The engine on a model directory, for as long as something is asked of it."""

import asyncio
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.client import Client
from inference.server import ServerConfig
from training.errors import TrainingError

AT_ONCE = 16
"""Requests in flight: as many as the engine writes at once on a CPU."""
PATIENCE_S = 600


@contextmanager
def engine(model: Path) -> Iterator[ServerConfig]:
    """An engine that serves MODEL, ready; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="colloquy-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        config = ServerConfig(
            model=str(model), api_key=secrets.token_hex(16), cache_dir=place, uds=place / "engine.sock",
            max_num_seqs=AT_ONCE, max_loras=0,
        )  # fmt: skip
        log = place / "log"
        with log.open("wb") as output:
            environment = os.environ | config.environment()
            process = subprocess.Popen(config.argv(), env=environment, stdout=output, stderr=output)
        try:
            asyncio.run(_ready(config, process, log))
            yield config
        finally:
            process.terminate()
            process.wait()


async def _ready(config: ServerConfig, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    async with Client(config.url, config.api_key) as client:
        while not await client.health():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise TrainingError(f"The engine did not start: {log.read_text(errors='replace')[-2000:]}")
            await asyncio.sleep(0.2)
