"""What a child process must be told so that it never outlives its parent (Linux)."""

import ctypes
import signal

PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """In the child, between fork and exec: the kernel sends it that signal when the parent dies, however it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, number)
