"""A run makes room for people: as long as somebody keeps touching the file `pause` in its directory, it waits between
two steps. Who touches it may die at any moment: a file that has not been touched for a while is no request."""

import time
from pathlib import Path

FRESH_S = 1.5
LOOK_EVERY_S = 0.1
LONGEST_S = 20.0  # then a step is made all the same: a busy team's run goes on, if slowly


def ask_for_room(directory: Path) -> None:
    (directory / "pause").touch()


def make_room(directory: Path) -> float:
    """Waits as long as it is asked to; gives the seconds."""
    begun = time.monotonic()
    while _is_asked(directory / "pause") and time.monotonic() - begun < LONGEST_S:
        time.sleep(LOOK_EVERY_S)
    return time.monotonic() - begun


def _is_asked(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < FRESH_S
    except FileNotFoundError:
        return False
