"""What a run's result is measured beside: its base model, and what is in service, whatever that is.

What is in service may be an adapter of the same base, the base itself, another model, or an adapter of another one. An
adapter is taken off or changed where it is; anything else is loaded beside the model that was taught.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from inference.sentences import Sentence
from inference.versions import CONFIG
from training.finetune_config import FinetuneConfig
from training.look import load as load_tokenizer
from training.taught import load_whole, misfit

BESIDE = "in_service"  # the name of the adapter in service, as long as it is beside the run's


@dataclass(frozen=True, slots=True)
class InService:
    """`adapter` is None where a whole model is in service."""

    model: Path
    adapter: Path | None

    @classmethod
    def of(cls, config: FinetuneConfig) -> "InService | None":
        """None where nothing is named."""
        if not config.compare_with:
            return None
        place = Path(config.compare_with)
        whole = not (place / CONFIG).is_file() and (place / "config.json").is_file()
        return cls(place, None) if whole else cls(Path(config.compare_base or config.base), place)

    @property
    def problem(self) -> str:
        """Why nothing can be compared with it, empty where it can."""
        if not (self.model / "config.json").is_file():
            return Sentence("There is no model in %(place)s: give the directory of one.", place=self.model)
        return misfit(self.adapter, self.model) if self.adapter else ""

    def is_model(self, place: Path) -> bool:
        return self.adapter is None and self.model.resolve() == place.resolve()

    def is_adapter_of(self, place: Path) -> bool:
        return self.adapter is not None and self.model.resolve() == place.resolve()


@contextmanager
def base_of(taught: Any, config: FinetuneConfig, dtype: torch.dtype) -> Iterator[Any]:
    """The base model of the one that was taught."""
    if isinstance(taught, PeftModel):
        with taught.disable_adapter():
            yield taught
    else:
        yield load_whole(Path(config.base), config, dtype).eval()


@contextmanager
def served(rival: InService, taught: Any, config: FinetuneConfig, dtype: torch.dtype) -> Iterator[Any]:
    """The model that is in service, which has no `problem`."""
    if isinstance(taught, PeftModel) and rival.is_adapter_of(Path(config.base)):
        taught.load_adapter(str(rival.adapter), BESIDE)
        taught.set_adapter(BESIDE)
        try:
            yield taught.eval()
        finally:
            taught.set_adapter("default")
            taught.delete_adapter(BESIDE)
    else:
        whole = load_whole(rival.model, config, dtype)
        yield (PeftModel.from_pretrained(whole, rival.adapter) if rival.adapter else whole).eval()


def tokenizer_of(rival: InService, own: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """OWN where the model in service has the same words and the same chat template."""
    found = load_tokenizer(rival.model)
    alike = found.get_vocab() == own.get_vocab() and found.chat_template == own.chat_template
    return own if alike else found
