"""An engine that says what a test tells it to: inference.fake in a process of its own, which can be killed."""

import subprocess
import sys
from typing import Any

import httpx

from tests.launch.product import ROOT, free_port


class ScriptedEngine:
    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self, *options: str) -> None:
        words = [sys.executable, "-m", "inference.fake", "--port", str(self.port), *options]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == self.url.encode()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def script(self, **fields: Any) -> None:
        """How it replies from now on: fields of inference.fake.script.Script. Without any it echoes."""
        httpx.post(f"{self.url}/fake/script", json=fields).raise_for_status()

    def fail(self, **fields: Any) -> None:
        """What it refuses next: fields of inference.fake.script.Failures."""
        httpx.post(f"{self.url}/fake/failures", json=fields).raise_for_status()

    def count(self, what: str) -> int:
        """A figure of inference.fake.script.Stats."""
        number: int = httpx.get(f"{self.url}/fake/stats").raise_for_status().json()[what]
        return number
