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

CHANGEABLE = (
    "stages",
    "evaluation",
    "log_every",
    "evaluate_every",
    "save_minutes",
    "compile",
    "weights_dtype",
    "shard_megabytes",
)
LENGTHS = ("max_steps", "max_tokens", "max_minutes")


def describe_run(config: PretrainConfig, directories: Sequence[Path]) -> Record:
    """Configuration and SHA-256 of every file read."""
    files = sorted({source.file for source in (*config.sources, *config.evaluation)})
    return {
        "command": "pretrain",
        "config": config.model_dump(mode="json"),
        "data": {name: sha256(find_file(name, directories)) for name in files},
        "metrics": [],
    }


def fingerprint(record: Record, stage: int) -> str:
    """What must not change while a stage goes on: the model, how it is trained, what the stage reads.

    Its length may, and so may the stages after it, what is measured, and how often a run reports.
    """
    config = PretrainConfig.model_validate(record["config"]).model_dump(mode="json")  # an older record lacks new fields
    lasting = {key: value for key, value in config.items() if key not in CHANGEABLE}
    current = {key: value for key, value in config["stages"][stage].items() if key not in LENGTHS}
    data = {source["file"]: record["data"][source["file"]] for source in current["sources"]}
    return hashlib.sha256(json.dumps([lasting, current, data], sort_keys=True).encode()).hexdigest()


def note_outcome(record: Record, state: State) -> None:
    record.update(steps=state.step, tokens=state.tokens, minutes=round(state.elapsed_s / 60, 1))
    record["energy_wh"] = round(state.energy_wh, 2)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
