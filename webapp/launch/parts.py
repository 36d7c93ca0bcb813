"""A part of the product: one process, how to start and stop it, and how to tell that it is ready."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from webapp.lib.processes import die_with_parent


@dataclass(frozen=True, slots=True)
class Part:
    """`user` is the account to run under, when not ours; `ready` must be quick and never raise; what a `quiet` part
    says goes to its log alone, until it dies. `orphan_signal` ends it when we are killed and cannot stop it."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10
    orphan_signal: signal.Signals = signal.SIGTERM
    directory: Path | None = None
    quiet: bool = False

    def spawn_options(self) -> dict:
        """Keyword arguments for Popen and asyncio's create_subprocess_exec: a process group of its own, so that
        Ctrl-C in the terminal reaches only the supervisor, and whatever the part started can be ended with it."""
        return {
            "env": {**os.environ, **self.environment},
            "user": self.user,
            "cwd": self.directory,
            "start_new_session": True,
            "preexec_fn": partial(die_with_parent, self.orphan_signal),
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }
