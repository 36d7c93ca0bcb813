"""An adapter and its base model, as one model that is served without either."""

import json
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from training.checkpoint import write_directory
from training.errors import ConfigError
from training.look import load as load_tokenizer
from training.taught import misfit


def merge(base: Path, adapter: Path, out: Path) -> None:
    """Writes OUT in one rename. Raises ConfigError for an adapter that is damaged or another model's."""
    if problem := misfit(adapter, base):
        raise ConfigError(problem)
    stored = json.loads((base / "config.json").read_text(encoding="utf-8")).get("dtype", "float32")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, trust_remote_code=False)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload().to(getattr(torch, str(stored)))

    def write(place: Path) -> None:
        merged.save_pretrained(place)
        load_tokenizer(base).save_pretrained(place)

    write_directory(out, write)
