"""Processes of an image, started as compose.yml starts them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docker.images import Image

TIMEOUT_S = 120


@contextmanager
def running(
    image: Image, command: list[str], settings: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """That command, until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=image.app, env=image.environment(settings), stdout=output, stderr=output
        )
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
