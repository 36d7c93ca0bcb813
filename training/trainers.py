"""TRL's trainers, told what suits this machine: on a CPU rows of like length go together without packing, because the
dense mask of packed rows costs attention four times as much; on a GPU with FlashAttention rows are packed.

Without packing the order of the rows and the loss are ours: the order is known before the run, so that a resumed one
goes on exactly; the output layer runs only where something is learned. training/bench.py measures what that gains.
"""

import importlib.util
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.nn import functional
from transformers import PreTrainedTokenizerBase, TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from inference.sentences import Sentence
from training.errors import DataError
from training.finetune_config import FinetuneConfig
from training.held_out import cut
from training.lesson_order import plan
from training.lessons import Lesson
from training.rendering import IGNORE
from training.transcripts import render_lesson

Row = dict[str, Any]


class Counting(TrainerCallback):
    """`tokens`: how many, padding left out, this process has learned from. Batches are made before their turn."""

    def __init__(self, collator: Any, max_length: int) -> None:
        self.collator, self.max_length, self.tokens = collator, max_length, 0
        self._coming: deque[int] = deque()

    def __call__(self, rows: list[Row]) -> Any:
        self._coming.append(sum(self.length(row) for row in rows))
        return self.collator(rows)

    def on_substep_end(self, *args: Any, **kwargs: Any) -> None:
        self.tokens += self._coming.popleft()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self.tokens += self._coming.popleft()

    def length(self, row: Row) -> int:
        """Of what is learned from it: of a pair, the prompt is read with each answer."""
        if "input_ids" in row:
            return len(row["input_ids"])
        answers = [row[name] for name in ("chosen_ids", "rejected_ids", "completion_ids") if name in row]
        return sum(min(self.max_length, len(row["prompt_ids"]) + len(answer)) for answer in answers)


class AnswersTrainer(SFTTrainer):
    """`order`: row numbers, batch after batch, of the whole run."""

    order: Sequence[int] = ()

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return self.order

    def compute_loss(
        self, model: Any, inputs: Row, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        targets = inputs["labels"][:, 1:]
        places = (targets != IGNORE).any(0).nonzero().flatten()
        # no mask: padding stands at the end, where causal attention never looks
        outputs = model(input_ids=inputs["input_ids"], logits_to_keep=places, use_cache=False)
        logits, wanted = outputs.logits.float().flatten(0, 1), targets[:, places].flatten()
        total = functional.cross_entropy(logits, wanted, ignore_index=IGNORE, reduction="sum")
        if num_items_in_batch is None:
            loss = total / (wanted != IGNORE).sum()
        else:  # of all processes, whose gradients are then averaged
            loss = total / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


def build_trainer(
    config: FinetuneConfig,
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    lessons: Sequence[Lesson],
    out: Path,
    dtype: torch.dtype,
) -> Any:
    """A TRL trainer whose `data_collator` counts tokens, with `rows_tokens` besides: how many an epoch has. Raises
    DataError where nothing is left to learn."""
    build = {"supervised": _supervised, "preference": _preference, "thumbs": _thumbs}[config.shape]
    trainer = build(config, model, tokenizer, lessons, _common(config, model, out, dtype))
    trainer.data_collator = counting = Counting(trainer.data_collator, config.max_length)
    trainer.add_callback(counting)
    trainer.rows_tokens = sum(map(counting.length, trainer.train_dataset))
    return trainer


def _supervised(
    config: FinetuneConfig, model: Any, tokenizer: PreTrainedTokenizerBase, lessons: Sequence[Lesson], common: Row
) -> Any:
    rows = [cut(render_lesson(lesson, tokenizer), config.max_length) for lesson in lessons]
    rows = [row for row in rows if row.learned.any()]
    if not rows:
        raise DataError(
            Sentence("No reply begins within %(tokens)s tokens: raise max_length.", tokens=f"{config.max_length:,}")
        )
    packed = config.packing and _flash()
    data = Dataset.from_list(
        [
            {
                "input_ids": row.input_ids.tolist(),
                "labels": [
                    int(i) if learned else IGNORE for i, learned in zip(row.input_ids, row.learned, strict=True)
                ],
            }
            for row in rows
        ]
    )
    if packed:
        arguments = SFTConfig(**common, max_length=config.max_length, packing=True)
        return SFTTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer)
    return _in_order(config, model, tokenizer, data, [len(row) for row in rows], common)


def _in_order(
    config: FinetuneConfig,
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    data: Dataset,
    lengths: Sequence[int],
    common: Row,
) -> Any:
    given = {"skip_prepare_dataset": True}
    arguments = SFTConfig(**common, max_length=config.max_length, dataset_kwargs=given)
    batch = config.batch_size * config.gradient_accumulation_steps * arguments.world_size
    order = plan(
        lengths, epochs=config.num_epochs, batch=batch, steps=config.max_steps, seed=config.seed, alike=config.packing
    )
    arguments.num_train_epochs, arguments.max_steps = 1, len(order) // batch
    trainer = AnswersTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer)
    trainer.order = order
    return trainer


def _preference(
    config: FinetuneConfig, model: Any, tokenizer: PreTrainedTokenizerBase, lessons: Sequence[Lesson], common: Row
) -> Any:
    data = Dataset.from_list(
        [
            {"prompt": _turns(lesson), "chosen": _reply(lesson.reply), "rejected": _reply(lesson.rejected)}
            for lesson in lessons
        ]
    )
    # With the chosen answers' own loss (Pang et al. 2024, https://arxiv.org/abs/2404.19733): DPO alone is content to
    # make both answers unlikely, and the model then writes neither.
    losses: Row = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}
    arguments = DPOConfig(**common, **losses, max_length=config.max_length, beta=config.beta)
    return DPOTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer)


def _thumbs(
    config: FinetuneConfig, model: Any, tokenizer: PreTrainedTokenizerBase, lessons: Sequence[Lesson], common: Row
) -> Any:
    data = Dataset.from_list(
        [{"prompt": _turns(lesson), "completion": _reply(lesson.reply), "label": lesson.liked} for lesson in lessons]
    )
    liked = sum(lesson.liked for lesson in lessons)
    disliked = len(lessons) - liked
    if not liked or not disliked:
        raise DataError(
            Sentence("All thumbs point the same way: gather both kinds, or learn the liked answers as answers.")
        )
    weights: Row = {
        "desirable_weight": min(1.33, max(1.0, disliked / liked)),
        "undesirable_weight": max(1.0, liked / disliked),
    }
    arguments = KTOConfig(**common, **weights, max_length=config.max_length, beta=config.beta)
    return KTOTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer)


def _common(config: FinetuneConfig, model: Any, out: Path, dtype: torch.dtype) -> Row:
    """Arguments of every trainer. Nothing is logged, measured or saved but what training/finetune.py asks for."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    batch = config.batch_size if config.shape != "thumbs" else max(4, config.batch_size)  # KTO compares within a batch
    return {
        "output_dir": str(out / "checkpoints"),
        "num_train_epochs": config.num_epochs,
        "max_steps": config.max_steps or -1,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": config.gradient_accumulation_steps,
        "learning_rate": config.rate(parameters),
        "lr_scheduler_type": "cosine",
        "warmup_steps": config.warmup_share,  # below 1 a share of the steps, which several processes divide
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "optim": "adamw_torch_fused",
        "bf16": dtype is torch.bfloat16,
        "gradient_checkpointing": config.gradient_checkpointing,
        "seed": config.seed,
        "logging_strategy": "steps",
        "logging_steps": config.log_every,
        "logging_first_step": True,
        "save_strategy": "no",
        "eval_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": not torch.cuda.is_available(),
        "ddp_find_unused_parameters": False,  # every step needs all that are taught
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def _turns(lesson: Lesson) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content} for message in lesson.prompt]


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _flash() -> bool:
    return torch.cuda.is_available() and importlib.util.find_spec("flash_attn") is not None
