"""What processes used, from /proc: CPU time of whole process trees, and the memory that is theirs."""

import os
from collections.abc import Iterable

import psutil

TICKS = os.sysconf("SC_CLK_TCK")


def tree(*roots: int) -> list[psutil.Process]:
    found = []
    for root in map(psutil.Process, roots):
        found += [root, *root.children(recursive=True)]
    return found


def cpu_s(*roots: int) -> float:
    """Seconds of CPU time so far of these processes and all below them. A child that has ended counts once, with the
    parent that waited for it; so a PostgreSQL backend is not lost when its connection closes."""
    return sum(map(_ticks, tree(*roots))) / TICKS


def _ticks(process: psutil.Process) -> int:
    """utime, stime, cutime and cstime of proc_pid_stat(5)."""
    try:
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended: its parent counts it
    return sum(map(int, fields[11:15]))


def pss_mb(processes: Iterable[psutil.Process]) -> float:
    """Resident memory in MB, with pages that several share divided among them."""
    return sum(map(_pss, processes)) / 1e6


def _pss(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.NoSuchProcess:
        return 0


def rss_kb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1024
