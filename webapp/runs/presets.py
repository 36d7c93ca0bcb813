"""Sizes that one can choose for a model, and what each asks of the machine. All are Llama-family models that the engine
serves as they are."""

import os
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

BATCH_TOKENS = 4096
PLATEAU = 0.7  # share of the time at the peak learning rate; then it falls
BYTES_PER_PARAMETER = 16  # float32 weights, gradients and AdamW's two moments
BYTES_PER_CHARACTER = 4  # of what it learns from: the texts, while the tokenizer learns; then their tokens
PYTORCH_GB = 0.75
# Measured on 2 cores of a server CPU: 6.5 million parameters learn some 3,700 tokens a second.
FLOPS_PER_CORE = 6 * 6.5e6 * 3700 / 2


@dataclass(frozen=True, slots=True)
class Size:
    """`context` is in tokens; the rest as transformers.LlamaConfig names it."""

    label: StrPromise
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    context: int = 512

    @property
    def intermediate_size(self) -> int:
        """Of SwiGLU: 8/3 of the width, as in Shazeer 2020 (https://arxiv.org/abs/2002.05202), in whole 64s."""
        return (self.hidden_size * 8 // 3 + 63) // 64 * 64

    @property
    def parameters(self) -> int:
        width = self.hidden_size
        heads = self.num_attention_heads * 64
        attention = 2 * width * heads + 2 * width * heads // 2
        return self.vocab_size * width + self.num_hidden_layers * (attention + 3 * width * self.intermediate_size)

    def memory_gb(self, characters: int = 0) -> float:
        """While it learns from so many characters: its weights and their moments, the activations of a batch, the
        tokens, and PyTorch itself. Within a fifth of what runs measured (tests/webapp/runs/test_memory.py)."""
        activations = BATCH_TOKENS * 4 * (self.num_hidden_layers * 24 * self.hidden_size + 3 * self.vocab_size)
        read = characters * BYTES_PER_CHARACTER
        return (self.parameters * BYTES_PER_PARAMETER + activations + read) / 1e9 + PYTORCH_GB

    @property
    def tokens_per_s(self) -> float:
        """On this machine while nothing else runs, estimated: training costs 6 operations a parameter and token
        (Kaplan et al. 2020, https://arxiv.org/abs/2001.08361)."""
        return FLOPS_PER_CORE * (os.cpu_count() or 1) / (6 * self.parameters)

    @property
    def tokens_per_hour(self) -> float:
        return 3600 * self.tokens_per_s

    def model(self) -> dict[str, Any]:
        return {
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.num_hidden_layers,
            "num_attention_heads": self.num_attention_heads,
            "num_key_value_heads": self.num_attention_heads // 2,
            "head_dim": 64,
            "max_position_embeddings": self.context,
        }


SIZES = {
    "tiny": Size(_("Tiny: learns a style in minutes"), 2048, 128, 2, 2, context=256),
    "small": Size(_("Small: everyday words in an hour or two"), 8192, 256, 6, 4),
    "medium": Size(_("Medium: overnight, or minutes on a GPU"), 16384, 512, 8, 8, context=1024),
    "large": Size(_("Large: for a GPU"), 32000, 768, 12, 12, context=2048),
}


def configuration(size: Size, sources: list[dict], held_out: list[dict], *, minutes: int, seed: int) -> dict[str, Any]:
    """What `training pretrain` reads. Sources and held-out files are SourceConfigs' values."""
    longest = {"max_tokens": size.context}
    learned = [{**source, **longest} for source in sources]
    return {
        "model": size.model(),
        "stages": [
            {"name": "plateau", "sources": learned, "max_minutes": minutes * PLATEAU},
            {"name": "decay", "sources": learned, "max_minutes": minutes * (1 - PLATEAU), "end_rate": 0.01},
        ],
        "evaluation": [{**source, **longest, "max_examples": 200} for source in held_out],
        "seed": seed,
        "batch_tokens": BATCH_TOKENS,
        "warmup_steps": 20,
        "log_every": 5,
        "evaluate_every": 50,
        "save_minutes": max(1, minutes // 20),
    }


def asked(config: dict[str, Any]) -> dict[str, Any]:
    """What a form was filled with of which CONFIG was made, as far as one can tell: size, minutes and seed."""
    size = next((key for key, size in SIZES.items() if size.model() == config.get("model")), None)
    minutes = round(sum(stage.get("max_minutes") or 0 for stage in config.get("stages", ())))
    found = {"size": size, "minutes": minutes or None, "seed": config.get("seed")}
    return {name: value for name, value in found.items() if value is not None}
