"""The model that is taught: its base with an adapter, or all of its weights."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from inference.lora import InvalidAdapter, validate
from inference.sentences import Sentence, said
from training.errors import ConfigError
from training.finetune_config import FinetuneConfig

LARGEST_RANK = 512  # of vLLM


def load_taught(config: FinetuneConfig, dtype: torch.dtype) -> Any:
    """The base model, with a fresh adapter or one to go on from. Raises ConfigError."""
    path = Path(config.base)
    if not (path / "config.json").is_file():
        raise ConfigError(Sentence("There is no model in %(place)s: give the directory of one.", place=config.base))
    if config.start_from and (problem := misfit(Path(config.start_from), path)):
        raise ConfigError(Sentence("The adapter to go on from cannot be used. %(problem)s", problem=problem))
    model = load_whole(path, config, dtype)
    if config.method == "full":
        return model
    if config.start_from:
        return PeftModel.from_pretrained(model, config.start_from, is_trainable=True)
    targets = config.target_modules if isinstance(config.target_modules, str) else list(config.target_modules)
    return get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=config.r,
            lora_alpha=config.lora_alpha,
            lora_dropout=config.lora_dropout,
            target_modules=targets,
            use_rslora=config.r >= 64,
        ),
    )


def load_whole(path: Path, config: FinetuneConfig, dtype: torch.dtype) -> Any:
    """The model in PATH, in the numbers in which the run computes. Raises ConfigError."""
    options: dict[str, Any] = {"trust_remote_code": False, "use_safetensors": True}
    if config.method == "qlora":
        if not torch.cuda.is_available():
            raise ConfigError(Sentence("QLoRA needs a CUDA GPU, and there is none: choose lora."))
        if importlib.util.find_spec("bitsandbytes") is None:
            raise ConfigError(Sentence("QLoRA needs the package bitsandbytes: install it, or choose lora."))
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype, bnb_4bit_use_double_quant=True
        )
    weights = dtype if torch.cuda.is_available() and config.method != "full" else torch.float32
    model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=weights, **options)
    return model.to("cuda") if torch.cuda.is_available() and config.method != "qlora" else model


def take_threads(config: FinetuneConfig) -> None:
    """As many as the run is to compute with: what is measured with others tells nothing of it."""
    if config.threads:
        torch.set_num_threads(config.threads)


def misfit(adapter: Path, base: Path) -> str:
    """Why an adapter cannot be used with a base, empty where it can."""
    try:
        validate(adapter, base, LARGEST_RANK)
    except (InvalidAdapter, OSError) as error:
        return said(error)
    return ""


def make_portable(adapter: Path, base: str) -> None:
    """Without the card that PEFT writes, and without a path of this machine."""
    (adapter / "README.md").unlink(missing_ok=True)
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
