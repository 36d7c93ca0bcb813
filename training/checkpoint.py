"""What a run leaves on disk. A directory appears whole or not at all: it is written beside its place and renamed.

    OUT/checkpoints/step-00000500/   model directory + optimizer.safetensors + state.json, to resume from
    OUT/model/                       model directory: weights, tokenizer, chat template, generation settings, run.json

Safetensors only: nothing that is read back can run code.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.errors import CheckpointError
from training.optimizer import Optimizers

KEPT = 2
"""Checkpoints that stay; older ones are deleted when a new one is complete."""


@dataclass(slots=True)
class StageState:
    """Where a run stands in its stage: its number from 0, and as in State."""

    number: int = 0
    steps: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0


@dataclass(slots=True)
class State:
    """Where a run stands. batch counts within the epoch; tokens leave padding out; elapsed_s is time in the loop, and
    energy_wh what it took, as far as that can be known (training/energy.py)."""

    step: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0
    energy_wh: float = 0.0
    stage: StageState = field(default_factory=StageState)


def save_model(
    path: Path,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    run: Mapping[str, Any],
    *,
    dtype: torch.dtype = torch.float32,
    shard_megabytes: int | None = None,
) -> None:
    """A model directory for vLLM and transformers, with run.json beside the weights.

    Weights are written as DTYPE (the model itself stays as it is), in pieces of SHARD_MEGABYTES if that is given.
    """
    tensors = {name: value.to(dtype) for name, value in model.state_dict().items() if name != "lm_head.weight"}

    def write(directory: Path) -> None:
        model.save_pretrained(directory, state_dict=tensors, max_shard_size=f"{shard_megabytes or 50_000}MB")
        tokenizer.save_pretrained(directory)
        _declare(directory / "config.json", dtype)
        _write_json(directory / "run.json", run)

    write_directory(path, write)


def save_checkpoint(
    root: Path,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: Optimizers,
    state: State,
    run: Mapping[str, Any],
) -> Path:
    """Write step-NNNNNNNN under ROOT and delete all but the newest KEPT."""

    def write(directory: Path) -> None:
        _write_model(directory, model, tokenizer)
        save_file({**dict(optimizer.tensors()), "rng": torch.get_rng_state()}, directory / "optimizer.safetensors")
        _write_json(directory / "state.json", {**asdict(state), "run": run})

    path = root / f"step-{state.step:08}"
    write_directory(path, write)
    for old in list_checkpoints(root)[:-KEPT]:
        shutil.rmtree(old)
    return path


def find_latest(root: Path, *, resume: bool) -> Path | None:
    """The newest checkpoint to resume from, None for a fresh run. Raises CheckpointError where the two do not fit."""
    found = list_checkpoints(root)
    if found and not resume:
        raise CheckpointError(f"{root} holds a run already: add --resume to go on with it, or choose another --out.")
    if resume and not found:
        raise CheckpointError(f"There is no checkpoint in {root} to resume from: leave --resume out to start.")
    return found[-1] if found else None


def list_checkpoints(root: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    return sorted(root.glob("step-*")) if root.is_dir() else []


def read_state(path: Path) -> tuple[State, dict[str, Any]]:
    """Where the run stood, and its record."""
    state = json.loads((path / "state.json").read_text(encoding="utf-8"))
    record = state.pop("run")
    return State(**{**state, "stage": StageState(**state["stage"])}), record


def load_checkpoint(path: Path, model: LlamaForCausalLM, optimizer: Optimizers) -> None:
    """Put weights, optimizer and random state back."""
    model.load_state_dict(
        load_file(path / "model.safetensors"), strict=False
    )  # the tied output layer is not stored twice
    model.tie_weights()
    tensors = load_file(path / "optimizer.safetensors")
    torch.set_rng_state(tensors.pop("rng"))
    optimizer.restore(tensors)


def _declare(path: Path, dtype: torch.dtype) -> None:
    """Say in config.json what the weights are."""
    config = json.loads(path.read_text(encoding="utf-8"))
    _write_json(path, {**config, "dtype": str(dtype).removeprefix("torch.")})


def write_directory(path: Path, write: Callable[[Path], None]) -> None:
    """Let WRITE fill a new directory and put it at PATH in one rename; what was there is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new, old = path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")
    for left_over in (new, old):
        shutil.rmtree(left_over, ignore_errors=True)
    new.mkdir()
    write(new)
    if path.exists():
        path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _write_model(directory: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
