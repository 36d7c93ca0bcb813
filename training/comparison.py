"""What the models come to at the end of a run, on the rows held out: this one, its base, and the one in service."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from training import held_out, rivals
from training.errors import ConfigError
from training.finetune_config import FinetuneConfig
from training.held_out import Measured
from training.lessons import Lesson
from training.rivals import InService

THIS, BASE, SERVED = "this", "base", "in_service"


class Comparison:
    """`models`: each one's measures by their names; `said`: its replies to the prompts of `lessons`, for judges."""

    def __init__(
        self,
        config: FinetuneConfig,
        tokenizer: PreTrainedTokenizerBase,
        measured: Sequence[Measured],
        dtype: torch.dtype,
    ) -> None:
        self.config, self.tokenizer, self.measured, self.dtype = config, tokenizer, measured, dtype
        self.lessons = [row.lesson for row in measured[: config.compared_rows]]
        self.models: dict[str, dict[str, float]] = {}
        self.said: dict[str, list[str]] = {}

    def make(self, taught: Any) -> None:
        taught.eval()
        self._add(THIS, taught, self.tokenizer)
        self._add_base(taught)
        rival = InService.of(self.config)
        if rival and rival.is_model(Path(self.config.base)):
            self.models[SERVED] = self.models[BASE]
        elif rival:
            self._try(rival, taught)

    def write(self, path: Path) -> None:
        new = path.with_name(f".{path.name}")
        new.write_text("".join(self._line(i, lesson) for i, lesson in enumerate(self.lessons)), encoding="utf-8")
        new.replace(path)

    def _add_base(self, taught: Any) -> None:
        with rivals.base_of(taught, self.config, self.dtype) as base:
            self._add(BASE, base, self.tokenizer)

    def _try(self, rival: InService, taught: Any) -> None:
        """What cannot be loaded is no reason to lose what was learnt: the log says why, and the rest is compared."""
        try:
            if problem := rival.problem:
                raise ConfigError(problem)
            tokenizer = rivals.tokenizer_of(rival, self.tokenizer)
            with rivals.served(rival, taught, self.config, self.dtype) as served:
                self._add(SERVED, served, tokenizer)
        except Exception as error:
            print(f"It was not compared with the version in service: {error}", file=sys.stderr)

    def _add(self, name: str, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
        autocast = self.dtype is torch.bfloat16
        said = held_out.replies(model, tokenizer, self.lessons, autocast=autocast)
        loss = None
        if tokenizer is self.tokenizer:  # else its tokens are others: their mean losses do not compare
            loss = held_out.loss(model, self.measured, pad=int(tokenizer.pad_token_id or 0), autocast=autocast)
        self.said[name], self.models[name] = said, held_out.worth(self.lessons, said, mean_loss=loss)

    def _line(self, i: int, lesson: Lesson) -> str:
        row = {
            "prompt": [{"role": message.role.value, "content": message.content} for message in lesson.prompt],
            "task": lesson.task,
            "wanted": lesson.reply if lesson.liked else "",
            "replies": {name: texts[i] for name, texts in self.said.items()},
        }
        return json.dumps(row, ensure_ascii=False) + "\n"
