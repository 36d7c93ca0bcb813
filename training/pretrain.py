"""Train a language model from scratch: tokenizer, Llama-family model, a visible loop.

    python -m training pretrain training/configs/builtin.toml --corpus DIR --out DIR [--resume]

AdamW with warm-up and cosine decay, gradient clipping, bfloat16 where the hardware has it, checkpoints, and exact
resume: weights, optimizer, random state and position in the data.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.batches import collate, epoch_batches
from training.checkpoint import State, find_latest, load_checkpoint, save_checkpoint, save_model
from training.config import PretrainConfig
from training.corpus import learn_tokenizer, load_sources, render_corpus
from training.errors import CheckpointError, TrainingError
from training.model import build_model, device_and_dtype, summed_loss
from training.progress import Evaluated, Finished, Saved, Started, Step, emit
from training.record import describe_run, note_outcome
from training.rendering import IGNORE, Rendered
from training.schedule import learning_rate, progress
from training.tokenizer import END_OF_TEXT, control_id


def pretrain(
    config: PretrainConfig,
    *,
    directories: Sequence[Path],
    out: Path,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> State:
    """Run to the end, and leave the model in OUT/model; or until should_stop, which is asked after every step.

    directories: where the sources are looked for. A run that was stopped left a checkpoint and can be resumed.
    Raises TrainingError.
    """
    torch.manual_seed(config.seed)
    device, dtype = device_and_dtype()
    latest = find_latest(out / "checkpoints", resume=resume)
    run = describe_run(config, directories)
    sources = load_sources(config, directories)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(latest) if latest else learn_tokenizer(sources, config)
    corpus = render_corpus(config, sources, tokenizer, directories)
    pad = control_id(tokenizer, END_OF_TEXT)

    model = build_model(config.model, tokenizer).to(device)  # type: ignore[arg-type]
    optimizer = build_optimizer(model, config)
    state = load_checkpoint(latest, model, optimizer, run) if latest else State()
    if progress(config, step=state.step, elapsed_s=state.elapsed_s) >= 1:
        raise CheckpointError(f"The run in {out} is finished: start another with another --out.")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    emit(
        Started(
            command="pretrain",
            device=device.type,
            dtype=str(dtype).removeprefix("torch."),
            parameters=parameters,
            examples=corpus.examples,
            tokens_per_epoch=corpus.tokens_per_epoch,
            resumed_from=state.step if latest else None,
        )
    )

    window = Window(state)
    started = time.monotonic() - state.elapsed_s
    saved = time.monotonic()
    batches = corpus.batches(batch_tokens=config.batch_tokens, seed=config.seed, epoch=state.epoch, batch=state.batch)
    for epoch, number, rows in batches:
        # One step: learning rate, loss, gradients, clip, update.
        rate = learning_rate(config, step=state.step, elapsed_s=state.elapsed_s)
        for group in optimizer.param_groups:
            group["lr"] = rate
        input_ids, labels = tensors(rows, pad, device)
        learned = int((labels != IGNORE).sum())
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
            loss = summed_loss(model, input_ids, labels)
        (loss / max(1, learned)).backward()
        norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm))
        if not math.isfinite(norm):
            raise TrainingError(f"The loss is no longer a number at step {state.step + 1}: lower learning_rate.")
        optimizer.step()
        optimizer.zero_grad()

        state.step, state.epoch, state.batch = state.step + 1, epoch, number + 1
        state.tokens += sum(len(row) for row in rows)
        state.elapsed_s = time.monotonic() - started
        window.add(float(loss.detach()), learned)
        done = progress(config, step=state.step, elapsed_s=state.elapsed_s) >= 1
        stopping = should_stop()

        if done or state.step % config.log_every == 0:
            emit(window.close(state, rate, norm))
        if corpus.evaluation and (done or state.step % config.evaluate_every == 0):
            evaluated = evaluate(model, corpus.evaluation, config.batch_tokens, step=state.step, pad=pad)
            run["metrics"].append(
                {
                    "step": state.step,
                    "tokens": state.tokens,
                    "train_loss": window.loss,
                    "eval_loss": evaluated.loss,
                    "eval_losses": evaluated.losses,
                }
            )
            emit(evaluated)
        if done or stopping or time.monotonic() - saved >= config.save_minutes * 60:
            note_outcome(run, state)
            path = save_checkpoint(out / "checkpoints", model, tokenizer, optimizer, state, run)
            saved = time.monotonic()
            emit(Saved(state.step, str(path)))
        if done:
            save_model(out / "model", model, tokenizer, run)
            emit(Finished("done", state.step, str(out / "model")))
            break
        if stopping:
            emit(Finished("stopped", state.step, str(path)))
            break
    return state


def build_optimizer(model: LlamaForCausalLM, config: PretrainConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101); norms and embeddings are not decayed."""
    decayed: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (decayed if parameter.dim() >= 2 and "embed" not in name else others).append(parameter)
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.95), fused=True)


def tensors(rows: Sequence[Rendered], pad: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """input_ids and labels, int64 [rows, tokens] on DEVICE."""
    input_ids, labels = collate(rows, pad=pad)
    return torch.from_numpy(input_ids).to(device), torch.from_numpy(labels).to(device)


@torch.no_grad()
def evaluate(
    model: LlamaForCausalLM, evaluation: dict[str, list[Rendered]], batch_tokens: int, *, step: int, pad: int
) -> Evaluated:
    model.eval()
    sums = {name: _sum_losses(model, rows, batch_tokens, pad) for name, rows in evaluation.items()}
    model.train()
    total = sum(loss for loss, _ in sums.values())
    learned = sum(count for _, count in sums.values())
    return Evaluated(step, total / max(1, learned), {name: loss / count for name, (loss, count) in sums.items()})


def _sum_losses(model: LlamaForCausalLM, rows: Sequence[Rendered], batch_tokens: int, pad: int) -> tuple[float, int]:
    """(sum of the losses, labelled tokens)"""
    total, learned = 0.0, 0
    for batch in epoch_batches([[len(row) for row in rows]], [1.0], batch_tokens=batch_tokens, seed=0, epoch=0):
        input_ids, labels = tensors([rows[i] for i in batch], pad, model.device)
        total += float(summed_loss(model, input_ids, labels))
        learned += int((labels != IGNORE).sum())
    return total, learned


class Window:
    """Mean loss and speed since the last Step event."""

    def __init__(self, state: State) -> None:
        self.loss = 0.0
        self._sum, self._learned = 0.0, 0
        self._tokens, self._elapsed_s = state.tokens, state.elapsed_s

    def add(self, loss: float, learned: int) -> None:
        self._sum += loss
        self._learned += learned

    def close(self, state: State, rate: float, norm: float) -> Step:
        speed = (state.tokens - self._tokens) / max(1e-9, state.elapsed_s - self._elapsed_s)
        self.loss = self._sum / max(1, self._learned)
        self._sum, self._learned, self._tokens, self._elapsed_s = 0.0, 0, state.tokens, state.elapsed_s
        return Step(state.step, self.loss, rate, norm, state.tokens, round(speed), round(state.elapsed_s, 1))
