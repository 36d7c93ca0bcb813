"""What a run of `finetune` will cost on this machine: a few of its real steps, and arithmetic for the rest."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback

from inference.sentences import Sentence
from training import energy, held_out
from training.errors import DataError, nothing_in
from training.finetune_config import FinetuneConfig
from training.lessons import read_lessons
from training.look import load as load_tokenizer
from training.model import device_and_dtype
from training.progress import Estimated
from training.ranks import Ranks
from training.taught import load_taught, take_threads
from training.trainers import build_trainer

STEPS = 6  # the first of them warms up
START_S = 10.0  # loading
MEASURED_SHARE = 0.35  # of a training step, that a measurement of as many tokens takes
ROOM = 0.9  # of the free memory, that a run may fill


def estimate(config: FinetuneConfig, directory: Path) -> Estimated:
    """Raises TrainingError for what would end the run itself."""
    take_threads(config)
    free_gb = energy.memory_available_gb()
    _, dtype = device_and_dtype()
    tokenizer = load_tokenizer(Path(config.base))
    lessons = read_lessons(directory / config.train, config.shape)
    if not lessons:
        raise DataError(nothing_in(config.train))
    measured = held_out.prepare(
        read_lessons(directory / config.held_out, config.shape), tokenizer, max_length=config.max_length
    )
    clock = Clock()
    try:
        model = load_taught(config, dtype)
        with tempfile.TemporaryDirectory() as place:
            trainer = build_trainer(config, model, tokenizer, lessons, Path(place), dtype)
            trainer.remove_callback(PrinterCallback)
            trainer.add_callback(clock)
            meter = energy.Meter()
            began = time.monotonic()
            trainer.train()
            watts = meter.watt_hours() * 3600 / max(1e-9, time.monotonic() - began)
            meter.close()
    except (MemoryError, RuntimeError) as error:
        if "memory" not in str(error).lower():
            raise
        return Estimated(0, 0.0, 0.0, 0.0, round(free_gb, 1), 0.0, False, _remedy(config))
    step_s = statistics.median(clock.steps[1:] or clock.steps)
    tokens_per_s = trainer.data_collator.tokens / max(1, len(clock.steps)) / step_s
    ranks = Ranks.of(trainer)
    ranks.leave()
    steps, together = clock.planned, ranks.world
    measurements = steps // config.evaluate_every + 2
    measuring = measurements * sum(len(row.good) for row in measured) / max(1.0, tokens_per_s) * MEASURED_SHARE
    seconds = START_S + steps * step_s + measuring
    memory = energy.memory_mb() / 1000 * (1 if torch.cuda.is_available() else together)
    fits = memory < ROOM * free_gb
    return Estimated(
        steps=steps,
        seconds=round(seconds),
        tokens_per_s=round(tokens_per_s * together),
        memory_gb=round(memory, 2),
        memory_available_gb=round(free_gb, 2),
        energy_wh=round(watts * seconds / 3600, 2),
        fits=fits,
        problem="" if fits else _remedy(config),
    )


def _remedy(config: FinetuneConfig) -> Sentence:
    if config.method == "full":
        return Sentence("It will not fit into this machine's free memory: choose LoRA, or fewer rows in a step.")
    if config.batch_size > 1:
        return Sentence(
            "It will not fit into this machine's free memory: halve the rows in a step, or shorten the longest row."
        )
    return Sentence(
        "It will not fit into this machine's free memory: shorten the longest row, or teach a smaller model."
    )


class Clock(TrainerCallback):
    """Ends the training after a few steps, and knows how long each took and how many there would have been."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.planned, self._begun = 0, 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.planned, self._begun = state.max_steps, time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.steps.append(time.monotonic() - self._begun)
        control.should_training_stop = len(self.steps) >= STEPS
