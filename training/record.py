"""run.json: what reproduces a run and what came of it. It lies beside the weights."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.checkpoint import State
from training.config import PretrainConfig
from training.data import find_file

Record = dict[str, Any]


def describe_run(config: PretrainConfig, directories: Sequence[Path]) -> Record:
    """Configuration and SHA-256 of every file read; the fingerprint says whether a checkpoint belongs to this run."""
    files = sorted({source.file for source in (*config.sources, *config.evaluation)})
    described = {
        "command": "pretrain",
        "config": config.model_dump(mode="json"),
        "data": {name: _sha256(find_file(name, directories)) for name in files},
    }
    fingerprint = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return {**described, "fingerprint": fingerprint, "metrics": []}


def note_outcome(record: Record, state: State) -> None:
    record.update(steps=state.step, tokens=state.tokens, minutes=round(state.elapsed_s / 60, 1))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
