"""Train a language model from scratch: tokenizer, Llama-family model, a visible loop.

    python -m training pretrain training/configs/builtin.toml --corpus DIR --out DIR [--resume]

Documents packed into rows that keep them apart, stages, AdamW or Muon with warm-up, plateau and decay, gradient
clipping, bfloat16 where the hardware has it, checkpoints, and exact resume: weights, optimizer, random state and place
in the data.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

from training import energy
from training.batches import Batch
from training.checkpoint import (
    StageState,
    State,
    find_latest,
    list_checkpoints,
    load_checkpoint,
    read_state,
    save_checkpoint,
    save_model,
)
from training.config import PretrainConfig
from training.corpus import learn_tokenizer, render_corpus
from training.errors import CheckpointError, TrainingError, no_number
from training.feed import feed
from training.measure import Window, evaluate
from training.model import TensorBatch, build_model, device_and_dtype, weighted_loss
from training.optimizer import build_optimizer
from training.pausing import make_room
from training.progress import Event, Finished, Saved, Started, emit
from training.ranks import Ranks
from training.record import Record, describe_run, fingerprint, note_outcome
from training.sampling import pick, sample
from training.schedule import learning_rate, progress


def _never() -> bool:
    return False


def pretrain(
    config: PretrainConfig,
    *,
    directories: Sequence[Path],
    out: Path,
    resume: bool = False,
    should_stop: Callable[[], bool] = _never,
    should_advance: Callable[[], bool] = _never,
) -> State:
    """Run to the end, and leave the model in OUT/model; or until should_stop, which is asked after every step.

    directories: where the sources are looked for. A run that was stopped left a checkpoint and can be resumed; so can
    one that is to have longer or shorter stages than before. should_advance ends a stage early: it is asked after every
    step, too. Raises TrainingError.
    """
    ranks = Ranks.join()
    try:
        run = Run(config, directories, out, ranks, resume=resume)
        run.start()
        while not run.is_over:
            run.stage(should_stop, should_advance)
        run.meter.close()
        return run.state
    finally:
        ranks.leave()


class Run:
    """What a run holds in memory, and its loop."""

    def __init__(
        self, config: PretrainConfig, directories: Sequence[Path], out: Path, ranks: Ranks, *, resume: bool
    ) -> None:
        logging.disable_progress_bar()  # of transformers: what it has to say is in our own lines
        torch.manual_seed(config.seed)
        self.config, self.out, self.ranks = config, out, ranks
        self.device, self.dtype = device_and_dtype()
        self.latest = find_latest(out / "checkpoints", resume=resume)
        self.record = describe_run(config, directories)
        self.state = _place(self.latest, config, self.record) if self.latest else State()
        self.tokenizer = (
            PreTrainedTokenizerFast.from_pretrained(self.latest)
            if self.latest
            else learn_tokenizer(config, directories)
        )
        self.corpus = render_corpus(config, self.tokenizer, directories)
        self.model = build_model(config.model, self.tokenizer).to(self.device)  # type: ignore[arg-type]
        self.optimizer = build_optimizer(self.model, config)
        if self.latest:
            load_checkpoint(self.latest, self.model, self.optimizer)
        self.window = Window(self.state)
        self.meter = energy.Meter(self.state.energy_wh, running=ranks.is_first)
        self.saved = time.monotonic()
        self.stopped = False

    @property
    def is_over(self) -> bool:
        return self.stopped or _is_done(self.config, self.state)

    def start(self) -> None:
        stage = self.config.stages[self.state.stage.number]
        self.tell(
            Started(
                command="pretrain",
                device=self.device.type,
                dtype=str(self.dtype).removeprefix("torch."),
                parameters=sum(parameter.numel() for parameter in self.model.parameters()),
                examples=self.corpus.examples,
                tokens_per_epoch=self.corpus.tokens_per_epoch(stage),
                resumed_from=self.state.step if self.latest else None,
            )
        )

    def stage(self, should_stop: Callable[[], bool], should_advance: Callable[[], bool]) -> None:
        """Go on with the current stage until it is over, or the run is to stop."""
        state, place = self.state, self.state.stage
        stage = self.config.stages[place.number]
        steps = feed(self.config, self.corpus, self.ranks, stage=place.number, epoch=place.epoch, batch=place.batch)
        with closing(steps):
            clock = time.monotonic()
            for taken in steps:
                clock += make_room(self.out)
                rate, norm, tokens = self.step(taken.batches)
                place.epoch, place.batch = taken.epoch, taken.batch
                taken_s = time.monotonic() - clock if self.ranks.is_first else 0.0
                # one decision of all processes, by one clock: who ended a stage alone would be waited for by the others
                stopping, advancing, seconds = self.ranks.total(should_stop(), should_advance(), taken_s)
                _count(state, round(tokens), seconds)
                over = progress(stage, state) >= 1 or bool(advancing)
                self.stopped = bool(stopping)
                if over:
                    state.stage = StageState(place.number + 1)
                self.report(rate, norm)
                if over or self.stopped or self.is_time_to_save():
                    self.save()
                if over or self.stopped:
                    break
                clock = time.monotonic()
        self.finish()

    def step(self, batches: Sequence[Batch]) -> tuple[float, float, float]:
        """One step: learning rate, loss, gradients, clip, update. Gives rate, norm of the gradients, tokens."""
        rate = learning_rate(self.config, self.state)
        self.optimizer.set_rate(rate)
        weight, tokens = self.ranks.total(
            sum(float(batch.weights.sum()) for batch in batches), sum(batch.tokens for batch in batches)
        )
        loss = sum(self.backward(batch, max(1.0, weight)) for batch in batches)
        self.ranks.add_up(self.model.parameters())
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm))
        if not math.isfinite(norm):
            raise TrainingError(no_number(self.state.step + 1))
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.window.add(self.ranks.total(loss)[0], weight)
        return rate, norm, tokens

    def backward(self, batch: Batch, weight: float) -> float:
        """Add the gradients of a batch whose step has so much WEIGHT; gives its summed loss."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype is torch.bfloat16):
            loss = weighted_loss(self.model, TensorBatch.of(batch, self.device), compiled=self.config.compile)
        (loss / weight).backward()
        return float(loss.detach())

    def report(self, rate: float, norm: float) -> None:
        """Say how it goes, and measure, when it is time or the run is done."""
        done, step = _is_done(self.config, self.state), self.state.step
        if done or step % self.config.log_every == 0:
            self.state.energy_wh = self.meter.watt_hours()
            self.tell(self.window.close(self.state, rate, norm))
        if self.corpus.evaluation and (done or step % self.config.evaluate_every == 0):
            found = evaluate(self.model, self.corpus, self.dtype, step=step, compiled=self.config.compile)
            losses = {"train_loss": self.window.loss, "eval_loss": found.loss, "eval_losses": found.losses}
            self.record["metrics"].append({"step": step, "tokens": self.state.tokens, **losses})
            self.tell(found)

    def is_time_to_save(self) -> bool:
        late = self.ranks.is_first and time.monotonic() - self.saved >= self.config.save_minutes * 60
        return bool(self.ranks.total(late)[0])

    def save(self) -> None:
        if self.ranks.is_first:
            note_outcome(self.record, self.state)
            path = save_checkpoint(
                self.out / "checkpoints", self.model, self.tokenizer, self.optimizer, self.state, self.record
            )
            self.tell(Saved(self.state.step, str(path)))
            self.show()
        self.saved = time.monotonic()

    def show(self) -> None:
        """A sample of each evaluation source: the same question each time, so that one sees it learn."""
        for documents in self.corpus.evaluation.values():
            if row := pick(documents):
                self.tell(sample(self.model, self.tokenizer, row, step=self.state.step))

    def finish(self) -> None:
        """Write the model where the run is done, and say how it ended where it did."""
        if _is_done(self.config, self.state):
            if self.ranks.is_first:
                save_model(
                    self.out / "model",
                    self.model,
                    self.tokenizer,
                    self.record,
                    dtype=getattr(torch, self.config.weights_dtype),
                    shard_megabytes=self.config.shard_megabytes,
                )
            self.tell(Finished("done", self.state.step, str(self.out / "model")))
        elif self.stopped:
            latest = list_checkpoints(self.out / "checkpoints")[-1] if self.ranks.is_first else self.out
            self.tell(Finished("stopped", self.state.step, str(latest)))

    def tell(self, event: Event) -> None:
        if self.ranks.is_first:
            emit(event)


def _place(checkpoint: Path, config: PretrainConfig, run: Record) -> State:
    """Where CHECKPOINT left the run; its metrics go on in RUN. Raises CheckpointError where RUN is another, or over."""
    state, earlier = read_state(checkpoint)
    if _is_done(config, state):
        raise CheckpointError(f"The run in {checkpoint.parents[1]} is finished: start another with another --out.")
    if fingerprint(run, state.stage.number) != fingerprint(earlier, state.stage.number):
        raise CheckpointError(
            f"{checkpoint.name} was made with another configuration or other data: "
            "resume with the same ones, or start anew with another --out."
        )
    run["metrics"] = earlier["metrics"]
    return state


def _is_done(config: PretrainConfig, state: State) -> bool:
    last = state.stage.number == len(config.stages) - 1
    return state.stage.number >= len(config.stages) or (
        last and state.stage.steps > 0 and progress(config.stages[-1], state) >= 1
    )


def _count(state: State, tokens: int, seconds: float) -> None:
    state.step += 1
    state.stage.steps += 1
    for place in (state, state.stage):
        place.tokens += tokens
        place.elapsed_s += seconds
