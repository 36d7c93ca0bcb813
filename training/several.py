"""One run by several processes, one a GPU: `python -m training finetune … --processes 4`.

torchrun's launcher (https://docs.pytorch.org/docs/stable/elastic/run.html) starts and watches them; what is ours is
that the whole looks like one process to whoever started it: it passes signals on and ends as they ended.
"""

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import psutil

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
HANGING_S = 10  # when one of them has died, the others may wait for it for ever
PR_SET_PDEATHSIG = 1  # prctl(2)


def is_one_of_several() -> bool:
    return "LOCAL_RANK" in os.environ


def is_first() -> bool:
    return os.environ.get("RANK", "0") == "0"


def die_with_launcher() -> None:
    """Nothing trains on that nobody watches: its run may go on elsewhere, from the last checkpoint (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def launch(processes: int, arguments: Sequence[str]) -> int:
    """Runs `python -m training ARGUMENTS` so many times, together; the exit status, or the signal that killed one."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    with tempfile.TemporaryDirectory(prefix="colloquy-launch-") as place:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            run_id=str(os.getpid()),
            max_restarts=0,
            signals_to_handle="SIGQUIT",  # the launcher's way would end them before they have saved
            logs_specs=DefaultLogsSpecs(log_dir=place),
            shutdown_timeout=HANGING_S,
        )
        for number in PASSED_ON:
            signal.signal(number, _pass_on)
        try:
            elastic_launch(config, sys.executable)("-m", "training", *arguments)
        except ChildFailedError as error:
            return _status([failure.exitcode for failure in error.failures.values()])
    return 0


def leave(status: int) -> NoReturn:
    """Ends this process with that status, or by that signal where it is negative."""
    if status < 0:
        with contextlib.suppress(OSError):  # of SIGKILL, that nobody can hear anyway
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    if is_one_of_several():  # else threads of gloo may abort it on its way out: pytorch/pytorch#190489
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _status(codes: Sequence[int]) -> int:
    """Where one was killed the others fail, so its end comes first; SIGTERM is how the launcher ended the rest."""
    killed = [code for code in codes if code < 0 and code != -signal.SIGTERM]
    failed = [code for code in codes if code > 0]
    return next(iter([*killed, *failed]), -signal.SIGTERM)


def _pass_on(number: int, frame: FrameType | None) -> None:
    for child in psutil.Process().children():
        child.send_signal(number)
