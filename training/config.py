"""The configuration of a run: a TOML or JSON file, one documented and validated field per flag.

An unknown key, a missing one or a value out of range raises ConfigError with a sentence per mistake.
"""

import json
import tomllib
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inference.sentences import Sentence, said
from training.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(Section):
    """One file of examples and how much of it an epoch takes."""

    file: str = Field(
        description="name of a .jsonl or .jsonl.xz file in the corpus directory or beside the configuration"
    )
    kind: Literal["chat", "text", "translation", "pair", "qa", "sentiment", "story", "intents"] = Field(
        description="row format, see training/data.py"
    )
    repeat: float = Field(
        default=1.0, gt=0, le=1000, description="times an epoch sees the file; 0.5 takes a random half"
    )
    weight: float = Field(
        default=1.0, gt=0, le=100, description="of each token of its replies in the loss: short ones may count more"
    )
    where: dict[str, str] = Field(
        default={}, description="keep only rows whose fields have these values, {lang = 'en'}, say"
    )
    exclude_replies: tuple[str, ...] = Field(
        default=(), description="leave out conversations that hold one of these replies"
    )
    reworded: dict[str, str] = Field(default={}, description="replies to put others in the place of")
    joined: Share = Field(
        default=0.0, description="share of conversations made of two or three rows, one after the other"
    )
    with_system: Share = Field(default=0.0, description="share of conversations that open with a system message")
    variants: int = Field(default=1, ge=1, le=20, description="examples made of a row, where chance has a part")
    passage_characters: int = Field(default=10_000, ge=50, description="passages for questions are cut to this length")
    unanswered: Share = Field(
        default=1.0, description="of the questions that their passage does not answer, the share that is asked"
    )
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


class TokenizerConfig(Section):
    """What the tokenizer learns from: distinct texts of the training sources, so many of each language."""

    characters: int = Field(default=6_000_000, ge=1000, description="of a language whose share is 1")
    shares: dict[str, float] = Field(default={}, description="of the languages; one that is not named has share 1")
    max_token_length: int = Field(default=16, ge=2, description="bytes; a Chinese character has three")


class StageConfig(Section):
    """A part of a run: what it reads, how long, and where the learning rate goes meanwhile."""

    name: str = Field(default="training", min_length=1)
    sources: tuple[SourceConfig, ...] = Field(min_length=1, description="what to train on")
    prompt_weight: Share = Field(default=0.0, description="of a prompt's tokens in the loss; a reply's count 1")
    end_rate: Share = Field(default=1.0, description="the learning rate at the stage's end, as a share of its peak")
    max_steps: int | None = Field(default=None, ge=1, description="length of the stage in steps")
    max_tokens: int | None = Field(default=None, ge=1, description="length of the stage in tokens, padding left out")
    max_minutes: float | None = Field(None, gt=0, description="length in minutes; the schedule follows the clock")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if [self.max_steps, self.max_tokens, self.max_minutes].count(None) != 2:
            raise ValueError("give one of max_steps, max_tokens and max_minutes")
        return self


class PretrainConfig(Section):
    """Everything that decides a run of `training pretrain`, apart from where its files lie."""

    model: ModelConfig = ModelConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    stages: tuple[StageConfig, ...] = Field(min_length=1, description="one after the other")
    evaluation: tuple[SourceConfig, ...] = Field(default=(), description="what to measure on; never trained on")
    seed: int = 0
    row_tokens: tuple[int, ...] = Field(
        default=(), description="lengths of the rows that documents are packed into; by default the longest document's"
    )
    batch_tokens: int = Field(default=2048, ge=16, description="tokens that go through the model at once")
    accumulate: int = Field(default=1, ge=1, description="batches of a step")
    optimizer: Literal["adamw", "muon"] = Field(default="adamw", description="muon: for matrices, AdamW for the rest")
    weights_dtype: Literal["float32", "bfloat16"] = Field(default="float32", description="of the finished model's file")
    shard_megabytes: int | None = Field(default=None, ge=1, description="pieces the finished weights are written in")
    compile: bool = Field(default=False, description="compile the model first: a minute's wait, then faster steps")
    learning_rate: float = Field(default=2e-3, gt=0, lt=1, description="its peak, after the warm-up")
    warmup_steps: int = Field(default=100, ge=0)
    weight_decay: float = Field(default=0.1, ge=0, description="of matrices; norms and embeddings have none")
    max_grad_norm: float = Field(default=1.0, gt=0, description="gradients are scaled down to this norm")
    log_every: int = Field(default=20, ge=1, description="steps between Step events")
    evaluate_every: int = Field(default=500, ge=1, description="steps between evaluations")
    save_minutes: float = Field(default=5.0, ge=0, description="minutes between checkpoints")

    @property
    def sources(self) -> tuple[SourceConfig, ...]:
        """Of all stages."""
        return tuple(source for stage in self.stages for source in stage.sources)

    @property
    def rows(self) -> tuple[int, ...]:
        """Lengths of rows, ascending."""
        return tuple(sorted(self.row_tokens)) or (self._longest,)

    @property
    def _longest(self) -> int:
        return max(source.max_tokens for source in (*self.sources, *self.evaluation))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [source.name for source in self.evaluation]
        if len(names) != len(set(names)):
            raise ValueError("two evaluation sources have the same file and where: leave one out")
        if self._longest > self.rows[-1]:
            raise ValueError(f"row_tokens ({self.rows[-1]}) must hold the longest example ({self._longest} tokens)")
        if self.rows[-1] > self.batch_tokens:
            raise ValueError(f"batch_tokens ({self.batch_tokens}) must hold the longest row ({self.rows[-1]} tokens)")
        if self.rows[-1] > self.model.max_position_embeddings:
            raise ValueError(f"rows ({self.rows[-1]} tokens) must not exceed model.max_position_embeddings")
        return self


def scaled(config: PretrainConfig, scale: float) -> PretrainConfig:
    """Every stage SCALE times as long, to try a run out."""
    stages = [stage.model_copy(update=_lengths(stage, scale)) for stage in config.stages]
    return config.model_copy(update={"stages": tuple(stages)})


def _lengths(stage: StageConfig, scale: float) -> dict[str, float | None]:
    """The stage's length, whichever it has; steps and tokens stay whole numbers, one at least."""
    if stage.max_minutes:
        return {"max_minutes": stage.max_minutes * scale}
    name, length = ("max_tokens", stage.max_tokens) if stage.max_tokens else ("max_steps", stage.max_steps)
    return {name: max(1, round((length or 0) * scale))}


def load_config(path: Path) -> PretrainConfig:
    """Read PATH (.toml or .json). Raises ConfigError."""
    return parse_config(read_values(path))


def read_values(path: Path) -> Mapping[str, Any]:
    """What stands in PATH (.toml or .json). Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"The configuration {path.name} is not valid {path.suffix[1:].upper()}: {error}.") from error


def parse_config(values: Mapping[str, Any]) -> PretrainConfig:
    try:
        return PretrainConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(sentences(error)) from error


def sentences(error: ValidationError) -> Sentence:
    """One for each mistake."""
    first, *others = map(_sentence, error.errors())
    return reduce(lambda one, other: Sentence("%(one)s %(other)s", one=one, other=other), others, first)


def _sentence(detail: Mapping[str, Any]) -> Sentence:
    field = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return Sentence("Unknown field %(field)s: check its spelling or leave it out.", field=field)
        case "missing":
            return Sentence("The field %(field)s is missing.", field=field)
        case "value_error" if field:
            return Sentence("%(field)s: %(reason)s.", field=field, reason=said(detail["ctx"]["error"]))
        case "value_error":
            return Sentence("The configuration does not fit: %(reason)s.", reason=said(detail["ctx"]["error"]))
        case _:
            value, reason = repr(detail["input"]), _bound(detail)
            return Sentence("The field %(field)s is %(value)s: %(reason)s.", field=field, value=value, reason=reason)


def _bound(detail: Mapping[str, Any]) -> str:
    """What pydantic says of a value."""
    message = str(detail["msg"]).lower()
    limit = message.rpartition(" ")[2]
    match detail["type"]:
        case "greater_than":
            return Sentence("input should be greater than %(limit)s", limit=limit)
        case "greater_than_equal":
            return Sentence("input should be greater than or equal to %(limit)s", limit=limit)
        case "less_than":
            return Sentence("input should be less than %(limit)s", limit=limit)
        case "less_than_equal":
            return Sentence("input should be less than or equal to %(limit)s", limit=limit)
        case _:
            return message
