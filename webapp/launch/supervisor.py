"""Keeps a list of parts running: starts them, prints what they say, restarts what dies, stops them all in reverse.

Ours, because supervisord gives a failing program up for good and knows no readiness, and honcho restarts nothing.
"""

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path

from webapp.launch.parts import Part

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
STEADY_S = 30.0  # a part that lived this long starts again at once
POLL_S = 0.1
LOG_BYTES, LOG_FILES = 5_000_000, 3
LAST_WORDS = 12  # lines


class Supervisor:
    """One per `manage.py up`. `start` returns at once; `ready` waits until that part says that it is."""

    def __init__(self, log_dir: Path, *, echo: bool = True):
        self.log_dir, self.echo = log_dir, echo
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.pumps: dict[str, asyncio.Task[deque[str]]] = {}
        self.parts: dict[str, Part] = {}
        log_dir.mkdir(parents=True, exist_ok=True)

    def start(self, *parts: Part) -> None:
        for part in parts:
            self.parts[part.name] = part
            self.tasks[part.name] = asyncio.create_task(self._keep_running(part), name=part.name)

    async def ready(self, *names: str) -> None:
        for name in names:
            while not await asyncio.to_thread(self.parts[name].ready):
                await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Stops in the reverse order of the start, each part when those after it are gone."""
        for name in reversed(list(self.tasks)):
            self.tasks.pop(name).cancel()
            process = self.processes.pop(name, None)
            if process is not None and process.returncode is None:
                await self._end(self.parts[name], process)

    async def _keep_running(self, part: Part) -> None:
        log = self._log(part)
        delay = FIRST_DELAY_S
        while True:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(*part.argv, **part.spawn_options())
            self.processes[part.name] = process
            self.pumps[part.name] = asyncio.create_task(_pump(process, log))
            await _exited(process.pid)
            _kill_group(process.pid)  # what it left behind would hold its sockets, its memory and its pipe
            last_words = await self.pumps[part.name]
            code = await process.wait()
            delay = FIRST_DELAY_S if time.monotonic() - began > STEADY_S else min(delay * 2, LONGEST_DELAY_S)
            log.warning("ended with %s; starting again in %.0f s", _outcome(code), delay)
            if part.quiet and last_words:
                log.warning("its last words were:\n%s", "\n".join(last_words))
            await asyncio.sleep(delay)

    async def _end(self, part: Part, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(part.stop_signal)
        try:
            await asyncio.wait_for(_exited(process.pid), part.stop_timeout_s)
        except TimeoutError:
            logging.getLogger(f"part.{part.name}").warning("did not stop in %.0f s: killed", part.stop_timeout_s)
        _kill_group(process.pid)
        await self.pumps[part.name]
        await process.wait()

    def _log(self, part: Part) -> logging.Logger:
        log = logging.getLogger(f"part.{part.name}")
        log.propagate = False
        log.setLevel(logging.INFO)
        file = logging.handlers.RotatingFileHandler(
            self.log_dir / f"{part.name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES
        )
        file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.handlers = [file]
        if self.echo:
            terminal = logging.StreamHandler(sys.stdout)
            terminal.setFormatter(logging.Formatter(f"{part.name:<10} | %(message)s"))
            terminal.setLevel(logging.WARNING if part.quiet else logging.INFO)
            log.addHandler(terminal)
        return log


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; one longer than the buffer comes in pieces instead of ending the pump."""
    try:
        return await stream.readuntil()
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)


async def _pump(process: asyncio.subprocess.Process, log: logging.Logger) -> deque[str]:
    """Passes on what the process says, to its end; the last of it is returned."""
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=LAST_WORDS)
    while line := await _line(process.stdout):
        if text := line.decode(errors="replace").rstrip():
            log.info("%s", text)
            last.append(text)
    return last


async def _exited(pid: int) -> None:
    """Returns when that process has ended. asyncio's own `wait` waits for its pipe too, which a grandchild may hold."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _outcome(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
