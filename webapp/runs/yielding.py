"""Chat has priority: while people wait for replies, the run on this machine waits between its steps.

Measured by `make bench-yield` (tests/bench/yielding.py). The command goes at the lowest priority besides; that alone
leaves it the other core, the memory's bandwidth, and on a GPU everything.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from inference.messages import Priority
from webapp.generation.models import ACTIVE, Generation

LOOK_EVERY_S = 0.5


def people_wait() -> bool:
    return Generation.objects.filter(status__in=ACTIVE, priority__lte=Priority.INTERACTIVE).exists()


def watch(directory: Path, over: threading.Event, ask: Callable[[Path], None]) -> None:
    """Asks the run in `directory` for room whenever people wait, until it is over."""
    while not over.wait(LOOK_EVERY_S):
        try:
            if people_wait():
                ask(directory)
        except DatabaseError:
            close_old_connections()
    close_old_connections()
