"""How much memory a run would find. The machine that trains may be another than that of the pages, so every training
worker tells with each of its beats what is free there."""

import os
from functools import cache
from importlib.metadata import version
from typing import Any

import redis
from django.conf import settings

from webapp.lib import presence
from webapp.runs import leases
from webapp.runs.models import Event, Status, TrainingRun

ROOM = 0.9  # of the free memory, that a run may fill: as for runs that teach (training/estimate.py)
CUDA_DEVICES = "CUDA_VISIBLE_DEVICES"  # CUDA's own word, no setting of ours
KEY = "memory:training:{}"  # of a machine: MB
_redis = redis.Redis.from_url(settings.LIVE_URL, socket_connect_timeout=2, socket_timeout=2)


def tell() -> None:
    """A worker's word, forgotten when the worker is."""
    _redis.set(KEY.format(leases.MACHINE), int(_free_mb()), ex=presence.GONE_S)


def there_is_gb() -> float | None:
    """What a run may fill where there is least, for any machine may take it; None while no worker tells, or one cannot
    be heard. What a run in hand holds comes free before the next begins."""
    try:
        keys = [key.decode() for key in _redis.scan_iter(KEY.format("*"), count=100)]
        told = {key.removeprefix(KEY.format("")): _redis.get(key) for key in keys}
    except redis.RedisError:
        return None
    free = [float(mb) + _held_mb(machine) for machine, mb in told.items() if mb is not None]
    return ROOM * min(free) / 1000 if free else None


def _held_mb(machine: str) -> float:
    """By the run that is at work there, as it said with its last step."""
    running = TrainingRun.objects.filter(status=Status.RUNNING, owner__startswith=f"{machine}:")
    step = Event.objects.filter(run__in=running, kind="step").order_by("-pk").first()
    return float(step.values.get("memory_mb") or 0) if step else 0.0


def _free_mb() -> float:
    """For each of a run's processes: they have a GPU each, or share the machine's memory."""
    if gpus := _gpus():
        import pynvml

        return min(pynvml.nvmlDeviceGetMemoryInfo(gpu).free for gpu in gpus) / 1e6
    import psutil  # the pages' image has neither

    return psutil.virtual_memory().available / 1e6 / settings.TRAINING_PROCESSES


@cache
def _gpus() -> list[Any]:
    """NVML's handles of those that a run would compute on, as CUDA names them; none where PyTorch knows no CUDA."""
    import pynvml

    if "+cpu" in version("torch"):
        return []
    try:
        pynvml.nvmlInit()
        every = map(str, range(pynvml.nvmlDeviceGetCount()))
        seen = os.environ.get(CUDA_DEVICES, ",".join(every)).split(",")
        return [_gpu(name.strip()) for name in seen if name.strip()][: settings.TRAINING_PROCESSES]
    except pynvml.NVMLError:
        return []


def _gpu(name: str) -> Any:
    """By its number, or by its UUID."""
    import pynvml

    return pynvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdecimal() else pynvml.nvmlDeviceGetHandleByUUID(name)
