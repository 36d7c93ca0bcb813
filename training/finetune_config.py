"""The configuration of `python -m training finetune`: JSON or TOML, every field documented and validated."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from inference.sentences import Sentence
from training.config import Section, read_values, sentences
from training.errors import ConfigError

SMALL = 100e6  # parameters; models below are trained in full precision in seconds, and bear a higher rate


class FinetuneConfig(Section):
    """Everything that decides a run, apart from where it writes."""

    base: str = Field(min_length=1, description="directory of the model that is taught")
    method: Literal["lora", "qlora", "full"] = Field(default="lora", description="qlora: the base in 4 bits, on a GPU")
    shape: Literal["supervised", "preference", "thumbs"] = Field(
        default="supervised", description="of the rows (training/lessons.py); preference: DPO, thumbs: KTO"
    )
    train: str = Field(default="train.jsonl", description="what is learned, beside the configuration")
    held_out: str = Field(default="held-out.jsonl", description="what is measured, beside the configuration")
    start_from: str | None = Field(default=None, description="an adapter's directory to go on from")
    compare_with: str | None = Field(
        default=None,
        description="what is in service, to compare with at the end: the directory of an adapter or a model",
    )
    compare_base: str | None = Field(
        default=None, description="the model that compare_with is an adapter of; by default the one that is taught"
    )

    r: int = Field(default=16, ge=1, le=512, description="rank of the adapter")
    lora_alpha: int = Field(default=32, ge=1, description="its scale: twice the rank is usual")
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | tuple[str, ...] = Field(default="all-linear", description="the layers that get an adapter")
    learning_rate: float | None = Field(
        default=None, gt=0, lt=1, description="its peak; by default what suits method, shape and size"
    )
    num_epochs: float = Field(default=3.0, gt=0, le=1000)
    max_steps: int | None = Field(default=None, ge=1, description="end there, whatever the epochs say")
    batch_size: int = Field(default=8, ge=1, description="rows that go through the model at once, on each GPU")
    gradient_accumulation_steps: int = Field(default=1, ge=1, description="batches of a step")
    warmup_share: float = Field(default=0.05, ge=0, lt=1, description="of the steps; then the rate falls as a cosine")
    max_length: int = Field(default=512, ge=16, description="tokens of a row; what is longer is cut")
    packing: bool = Field(
        default=True,
        description="little padding: rows of like length go together; with FlashAttention one behind another",
    )
    beta: float = Field(default=0.1, gt=0, description="preference and thumbs: how firmly it stays with the base")
    early_stopping_patience: int = Field(
        default=3, ge=0, description="measurements without a better held-out loss before it ends; 0: never"
    )
    gradient_checkpointing: bool = Field(default=False, description="half the memory for a third more time")
    seed: int = Field(default=0, ge=0)
    log_every: int = Field(default=5, ge=1, description="steps between Step events")
    evaluate_every: int = Field(default=20, ge=1, description="steps between measurements")
    save_minutes: float = Field(default=5.0, ge=0, description="minutes between checkpoints")
    threads: int | None = Field(default=None, ge=1, description="of the CPU; by default as many as it has cores")
    compared_rows: int = Field(default=40, ge=0, le=60, description="held-out rows answered by each model at the end")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.method == "full" and (self.shape != "supervised" or self.start_from):
            raise ValueError(Sentence("full training takes supervised rows and begins at the base model: choose lora"))
        return self

    def rate(self, parameters: int) -> float:
        """The peak learning rate, as given or as suits a model of so many PARAMETERS. Adapters bear ten times the rate
        of full training (Schulman et al. 2025, https://thinkingmachines.ai/blog/lora/); preferences less."""
        if self.learning_rate is not None:
            return self.learning_rate
        usual = (
            (2e-3 if parameters < SMALL else 2e-4) if self.method != "full" else (5e-4 if parameters < SMALL else 2e-5)
        )
        if self.shape == "supervised":
            return usual
        # measured on the built-in model, a 40th against a 5th: held-out margin 0.96 and 6.0 (DPO), 0.81 and 5.1 (KTO)
        return usual / (5 if parameters < SMALL else 40)


def load_finetune_config(path: Path) -> FinetuneConfig:
    """Read PATH (.toml or .json). Raises ConfigError."""
    try:
        return FinetuneConfig.model_validate(read_values(path))
    except ValidationError as error:
        raise ConfigError(sentences(error)) from error
