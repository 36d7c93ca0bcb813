"""Chat has priority over training. The command goes at the lowest priority of the operating system, which on a CPU is
all it takes: `make bench-yield` finds no difference in the time to the first token, nor in a whole reply's, and waiting
between steps would only cost the run half its speed. A GPU knows no such priority: there the run waits between its
steps (training/pausing.py) while people wait for replies.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from inference.messages import Priority
from training.pausing import ask_for_room
from webapp.generation.models import ACTIVE, Generation

LOOK_EVERY_S = 0.5


def people_wait() -> bool:
    return Generation.objects.filter(status__in=ACTIVE, priority__lte=Priority.INTERACTIVE).exists()


def watch(directory: Path, over: threading.Event, *, wanted: Callable[[], bool]) -> None:
    """Asks the run in `directory` for room whenever that is wanted and people wait, until it is over."""
    while not over.wait(LOOK_EVERY_S):
        try:
            if wanted() and people_wait():
                ask_for_room(directory)
        except DatabaseError:
            close_old_connections()
    close_old_connections()
