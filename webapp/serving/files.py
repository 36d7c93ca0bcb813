"""Where adapters lie, and what belongs to one. Pages and generation workers load it; admission.py reads tensors."""

from pathlib import Path

from django.conf import settings

from inference.models import version_of
from inference.versions import CONFIG, WEIGHTS

LIMITS = {CONFIG: 2**20, WEIGHTS: 2**30, "run.json": 2**20}  # bytes of each file, unpacked


def directory(sha256: str) -> Path:
    """Of an adapter in the store (inference.adapters)."""
    return settings.ADAPTERS_DIR.absolute() / sha256


def base_version() -> str:
    """Of the model that the engine serves: an adapter belongs to the one for which it was checked."""
    return version_of(settings.MODEL)
