"""Tokens a second of `finetune` against a plain script of TRL's SFTTrainer: the built-in model, the same rows, the same
adapter, taking turns on the same machine.

The plain script leaves SFTTrainer as it comes (bfloat16, gradient checkpointing, rows padded in random order) but for
the adapter, which is ours: LoRA of rank 16 on all linear layers. Padding is not counted, nor is the first step.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from inference.messages import Message, Role
from training.finetune_config import FinetuneConfig
from training.lessons import Lesson
from training.look import load
from training.model import device_and_dtype
from training.stopwatch import Stopwatch
from training.taught import load_taught
from training.trainers import build_trainer

BASE = Path(__file__).parents[1] / "inference" / "builtin"
ROWS, STEPS, ROUNDS = 400, 16, 3
WORDS = (
    "the a of and to in is was he for it with as his on be at by I this had not are but from or have an they".split()
)


def measure(*, seconds: float) -> dict[str, float]:
    """Tokens a second by name: the median of at least ROUNDS rounds."""
    lessons = _lessons()
    found: dict[str, list[float]] = {"finetune": [], "SFTTrainer": []}
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(found["finetune"]) < ROUNDS:
        for name, run in (("finetune", _ours), ("SFTTrainer", _theirs)):
            steps = list(run(lessons, len(found[name])))
            found[name].append(sum(tokens for tokens, _ in steps) / sum(taken for _, taken in steps))
    return {name: median(speeds) for name, speeds in found.items()}


def _lessons() -> list[Lesson]:
    """Short questions and answers of many lengths, as people write them; what they say does not matter to speed."""
    rng = random.Random(0)  # noqa: S311
    asks = (int(min(120, rng.lognormvariate(2.7, 0.7))) + 1 for _ in range(ROWS))
    return [
        Lesson((Message(Role.USER, _text(rng, ask)),), _text(rng, int(min(300, rng.lognormvariate(3.4, 0.9))) + 1))
        for ask in asks
    ]


def _text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def _ours(lessons: list[Lesson], seed: int) -> Iterator[tuple[int, float]]:
    config = FinetuneConfig(base=str(BASE), max_steps=STEPS, seed=seed, log_every=1000)
    _, dtype = device_and_dtype()
    with tempfile.TemporaryDirectory() as place:
        trainer = build_trainer(config, load_taught(config, dtype), load(BASE), lessons, Path(place), dtype)
        return _run(trainer)


def _theirs(lessons: list[Lesson], seed: int) -> Iterator[tuple[int, float]]:
    rows = [
        {"prompt": [{"role": "user", "content": lesson.prompt[0].content}],
         "completion": [{"role": "assistant", "content": lesson.reply}]}
        for lesson in lessons
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        arguments = SFTConfig(
            place, max_steps=STEPS, report_to="none", disable_tqdm=True, seed=seed, save_strategy="no",
            logging_steps=1000, use_cpu=not torch.cuda.is_available(),
        )  # fmt: skip
        adapter = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
        trainer = SFTTrainer(str(BASE), args=arguments, train_dataset=Dataset.from_list(rows), peft_config=adapter)
        return _run(trainer)


def _run(trainer: SFTTrainer) -> Iterator[tuple[int, float]]:
    """(tokens, seconds) of each step."""
    watch = Stopwatch(trainer.data_collator)
    trainer.data_collator = watch
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return watch.steps()
