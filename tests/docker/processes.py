"""Processes as compose.yml starts them."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TIMEOUT_S = 180


@contextmanager
def running(
    command: list[str], log: Path, *, cwd: Path, environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """That command, until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while not condition():
        assert process.poll() is None, log.read_text()[-4000:]
        assert time.monotonic() < give_up_at, log.read_text()[-4000:]
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
