"""What a run takes of the machine: memory, and energy as far as it can be known (codecarbon: the processors' own
counters where they may be read, else an estimate from their rating; no word goes to any server)."""

import contextlib
import logging
import math
import resource
import time
from typing import Any

import psutil
import torch

FRESH_S = 1.0  # for so long a reading holds: each takes the processor some 20 ms
COUNTRY = "DEU"  # codecarbon wants one for emissions, which are not shown


class Meter:
    """Watt-hours since it was made, added to those of before. Of several processes, one that is `running` is enough."""

    def __init__(self, before_wh: float = 0.0, *, running: bool = True) -> None:
        self._before = self._known = before_wh
        self._asked = -math.inf
        self._tracker = _start() if running else None

    def watt_hours(self) -> float:
        """0 where nothing can be said."""
        now = time.monotonic()
        if self._tracker is not None and now - self._asked >= FRESH_S:
            self._asked = now
            with contextlib.suppress(Exception):  # a meter that fails is no reason for a run to
                self._tracker.flush()
                self._known = self._before + 1000 * float(self._tracker._total_energy.kWh)  # in public at the end only
        return self._known

    def close(self) -> None:
        if self._tracker is not None:
            with contextlib.suppress(Exception):
                self._tracker.stop()


def memory_mb() -> float:
    """The most that the process has held so far: on the GPU if it computes there."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def memory_available_gb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0] / 1e9
    return psutil.virtual_memory().available / 1e9  # what caches would give back counts as well


def _start() -> Any:
    try:
        from codecarbon import OfflineEmissionsTracker

        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
        tracker = OfflineEmissionsTracker(
            country_iso_code=COUNTRY,
            measure_power_secs=15,
            save_to_file=False,
            log_level="critical",
            allow_multiple_runs=True,
            tracking_mode="process",
        )
        tracker.start()
    except Exception:  # no counters, no rating, no rights: then nothing is said
        return None
    return tracker
