"""The product as a person runs it: `manage.py up`, in a directory and on a port of its own."""

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

import httpx
import psutil

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request, while one waits

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180  # the machine may have other things to do
MARKS = {  # what tells a part's process from the others
    "postgres": "/bin/postgres",
    "redis": "redis-server",
    "engine": "inference.engine.launcher",
    "web": "webapp.asgi",
    "generate": "manage.py generate",
    "train": "celery",
}


def wait_for(condition: Callable[[], T | Literal[False] | None], what: str, timeout_s: float = PATIENCE_S) -> T:
    """The condition's first value that is true. Fails with `what` when none comes."""
    give_up_at = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < give_up_at, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(0.05)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Product:
    """One install. It may be started again after it has stopped; `environment` is added to what every start gets."""

    def __init__(self, directory: Path, **environment: str):
        self.directory, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"DATA_DIR": str(directory), "PORT": str(self.port), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_POOL"}
        self.environment = {**inherited, **own, **environment}
        self.output = directory / "output"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=30)

    # Running it

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def start_to_page(self) -> None:
        self.start()
        self.said(r"Colloquy is at")

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code, after Ctrl-C or another signal."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        self.http.close()
        if self.running:
            self.end()

    def said(self, pattern: str) -> re.Match[str]:
        """What it says of that, now or in a while."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.output.read_text(errors="replace"))
            assert match or self.running, f"`up` ended:\n{self.output.read_text()[-3000:]}"
            return match

        return wait_for(found, f"`up` says {pattern!r}")

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`manage.py` with these words, in the install's environment; both outputs in stdout."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def execute(self, code: str) -> str:
        """What that Python code prints, run where Django knows this install's database."""
        run = self.command("shell", "--verbosity", "0", "--command", code)
        assert run.returncode == 0, run.stdout
        return run.stdout.strip()

    # Looking at it

    def readiness(self) -> tuple[int, dict[str, str]]:
        """Status and body of /readyz; (0, {}) when nobody answers."""
        try:
            answer = self.http.get("/readyz")
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def wait_until_ready(self) -> None:
        try:
            wait_for(lambda: self.readiness()[0] == 200, "/readyz is 200")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.readiness()}\n{self.output.read_text()[-3000:]}") from None
        self.said(
            "The engine is ready"
        )  # a line that comes a moment after: what is killed meanwhile would come before it

    def processes(self) -> list[psutil.Process]:
        """`up` itself and everything below it."""
        assert self.process is not None
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def part(self, name: str) -> psutil.Process | None:
        """The process that `up` started for that part."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            try:
                if MARKS[name] in " ".join(child.cmdline()):
                    return child
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return None

    def kill(self, name: str) -> psutil.Process:
        """SIGKILL to that part; returns what `up` starts in its place."""
        old = wait_for(lambda: self.part(name), f"there is a part {name}")
        old.kill()
        return wait_for(lambda: (new := self.part(name)) and new.pid != old.pid and new, f"{name} is started again")


@contextmanager
def installed(**environment: str) -> Iterator[Product]:
    """A fresh install, not started; gone with its directory when the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="cq-"))  # short: the paths of sockets are
    directory.chmod(0o711)  # as root PostgreSQL runs under another account
    product = Product(directory, **environment)
    try:
        yield product
    finally:
        product.close()
        shutil.rmtree(directory, ignore_errors=True)
