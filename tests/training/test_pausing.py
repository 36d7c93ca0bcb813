"""A run waits while it is asked for room, and not for ever."""

import os
import threading
import time
from pathlib import Path

from training import pausing


def test_nobody_asks_and_nothing_waits(tmp_path: Path) -> None:
    assert pausing.make_room(tmp_path) < pausing.LOOK_EVERY_S


def test_a_run_waits_as_long_as_it_is_asked_to(tmp_path: Path) -> None:
    over = threading.Event()

    def asking() -> None:
        while not over.wait(0.2):
            pausing.ask_for_room(tmp_path)

    pausing.ask_for_room(tmp_path)
    asker = threading.Thread(target=asking)
    asker.start()
    threading.Timer(2 * pausing.FRESH_S, over.set).start()
    assert pausing.make_room(tmp_path) > 2 * pausing.FRESH_S
    asker.join()


def test_who_asked_and_died_holds_nothing_up(tmp_path: Path) -> None:
    pausing.ask_for_room(tmp_path)
    long_ago = time.time() - 60
    os.utime(tmp_path / "pause", (long_ago, long_ago))

    assert pausing.make_room(tmp_path) < pausing.LOOK_EVERY_S
