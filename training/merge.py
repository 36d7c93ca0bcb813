"""An adapter and its base model, as one model that is served without either. Its run.json names what it was made of."""

import json
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from training.checkpoint import write_directory
from training.errors import ConfigError
from training.look import load as load_tokenizer
from training.progress import Reached, emit
from training.record import Record, sha256
from training.taught import misfit

PARTS = 3  # the files are checked, the adapter is added to the weights, the model is written


def merge(base: Path, adapter: Path, out: Path) -> None:
    """Writes OUT in one rename. Raises ConfigError for an adapter that is damaged or another model's."""
    emit(Reached(1, PARTS))
    if problem := misfit(adapter, base):
        raise ConfigError(problem)
    record = describe(base, adapter)
    emit(Reached(2, PARTS))
    stored = json.loads((base / "config.json").read_text(encoding="utf-8")).get("dtype", "float32")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, trust_remote_code=False)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload().to(getattr(torch, str(stored)))
    emit(Reached(3, PARTS))

    def write(place: Path) -> None:
        merged.save_pretrained(place)
        load_tokenizer(base).save_pretrained(place)
        (place / "run.json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    write_directory(out, write)


def describe(base: Path, adapter: Path) -> Record:
    """Both by name and by the SHA-256 of each file, and what the adapter's own run.json says, if it has one."""
    return {
        "command": "merge",
        "base": {"name": base.name, "files": _hashes(base)},
        "adapter": {"name": adapter.name, "files": _hashes(adapter), "run": _run(adapter / "run.json")},
    }


def _hashes(directory: Path) -> dict[str, str]:
    return {file.name: sha256(file) for file in sorted(directory.iterdir()) if file.is_file()}


def _run(file: Path) -> Any:
    """None where there is none, or one that somebody else wrote and that is no JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
