"""The configuration of a run: a TOML or JSON file, one documented and validated field per flag.

An unknown key, a missing one or a value out of range raises ConfigError with a sentence per mistake.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(Section):
    """One file of examples and how much of it an epoch takes."""

    file: str = Field(
        description="name of a .jsonl or .jsonl.xz file in the corpus directory or beside the configuration"
    )
    kind: Literal["chat", "text", "translation", "story", "intents"] = Field(
        description="row format, see training/data.py"
    )
    repeat: float = Field(
        default=1.0, gt=0, le=1000, description="times an epoch sees the file; 0.5 takes a random half"
    )
    where: dict[str, str] = Field(
        default={}, description="keep only rows whose fields have these values, {lang = 'en'}, say"
    )
    exclude_replies: tuple[str, ...] = Field(
        default=(), description="leave out conversations that hold one of these replies"
    )
    joined: Share = Field(
        default=0.0, description="share of conversations made of two or three rows, one after the other"
    )
    with_system: Share = Field(default=0.0, description="share of conversations that open with a system message")
    max_tokens: int = Field(default=512, ge=8, description="longer examples are left out")
    max_examples: int | None = Field(default=None, ge=1, description="keep at most this many, drawn at random")

    @property
    def name(self) -> str:
        return "_".join([self.file.removesuffix(".xz").removesuffix(".jsonl"), *self.where.values()])


class ModelConfig(Section):
    """Shape of a Llama-family model, in the field names of transformers.LlamaConfig."""

    vocab_size: int = Field(default=8192, ge=300, multiple_of=64, description="tokens, special ones included")
    hidden_size: int = Field(default=256, ge=32)
    intermediate_size: int = Field(default=704, ge=32, description="width of the SwiGLU layer")
    num_hidden_layers: int = Field(default=6, ge=1)
    num_attention_heads: int = Field(default=4, ge=1)
    num_key_value_heads: int = Field(
        default=2, ge=1, description="fewer than the attention heads: grouped-query attention"
    )
    head_dim: int = Field(default=64, description="vLLM's CPU attention takes 32, 64, 80, 96, 112, 128, 192 and 256")
    max_position_embeddings: int = Field(default=1024, ge=64, description="tokens of context")
    rope_theta: float = Field(default=10000.0, gt=0)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError("num_attention_heads must be a multiple of num_key_value_heads")
        return self


class PretrainConfig(Section):
    """Everything that decides a run of `training pretrain`, apart from where its files lie."""

    model: ModelConfig = ModelConfig()
    sources: tuple[SourceConfig, ...] = Field(min_length=1, description="what to train on")
    evaluation: tuple[SourceConfig, ...] = Field(default=(), description="what to measure on; never trained on")
    seed: int = 0
    batch_tokens: int = Field(default=2048, ge=16, description="tokens of a batch, padding included")
    learning_rate: float = Field(default=2e-3, gt=0, lt=1, description="its peak, after the warm-up")
    min_learning_rate: float = Field(default=0.0, ge=0, lt=1, description="where the cosine ends")
    warmup_steps: int = Field(default=100, ge=0)
    weight_decay: float = Field(default=0.1, ge=0, description="of matrices; norms and embeddings have none")
    max_grad_norm: float = Field(default=1.0, gt=0, description="gradients are scaled down to this norm")
    max_steps: int | None = Field(default=None, ge=1, description="length of the run in steps")
    max_minutes: float | None = Field(
        None, gt=0, description="length of the run in minutes; the schedule follows the clock"
    )
    log_every: int = Field(default=20, ge=1, description="steps between Step events")
    evaluate_every: int = Field(default=500, ge=1, description="steps between evaluations")
    save_minutes: float = Field(default=5.0, ge=0, description="minutes between checkpoints")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.max_steps is None) == (self.max_minutes is None):
            raise ValueError("give either max_steps or max_minutes")
        names = [source.name for source in self.evaluation]
        if len(names) != len(set(names)):
            raise ValueError("two evaluation sources have the same file and where: leave one out")
        longest = max(source.max_tokens for source in (*self.sources, *self.evaluation))
        if longest > self.batch_tokens:
            raise ValueError(f"batch_tokens ({self.batch_tokens}) must hold the longest example ({longest} tokens)")
        if longest > self.model.max_position_embeddings:
            raise ValueError(f"max_tokens ({longest}) must not exceed model.max_position_embeddings")
        return self


def load_config(path: Path) -> PretrainConfig:
    """Read PATH (.toml or .json). Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"The configuration {path.name} is not valid {path.suffix[1:].upper()}: {error}.") from error
    return parse_config(values)


def parse_config(values: Mapping[str, Any]) -> PretrainConfig:
    try:
        return PretrainConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(detail) for detail in error.errors())) from error


def _sentence(detail: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"Unknown field {field}: check its spelling or leave it out."
        case "missing":
            return f"The field {field} is missing."
        case "value_error":
            return (
                f"{field}: {detail['ctx']['error']}."
                if field
                else f"The configuration does not fit: {detail['ctx']['error']}."
            )
        case _:
            return f"The field {field} is {detail['input']!r}: {detail['msg'].lower()}."
