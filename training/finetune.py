"""Teaches a model that exists: LoRA (or all of its weights) on answers, then on preferences.

    python -m training finetune CONFIG --out DIR [--resume]

Built on PEFT and TRL: SFTTrainer for answers, DPOTrainer for pairs (Rafailov et al. 2023,
https://arxiv.org/abs/2305.18290), KTOTrainer for thumbs (Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306).
TRL makes the steps; what is learned of a row, what is measured, what is kept and what is told is ours. Several GPUs:
`--processes N`, or start it with `torchrun --nproc_per_node N` or `accelerate launch`.

    OUT/checkpoints/step-00000500/   the trainer's own state, to resume from; only ever our own is read
    OUT/best/                        the adapter (or model) with the lowest held-out loss so far
    OUT/adapter/ or OUT/model/       the result, with run.json
    OUT/comparison.jsonl             held-out rows, each with the replies of the base, of this one, and of what serves
"""

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PrinterCallback, TrainerCallback, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.utils import logging

from inference.sentences import Sentence
from training import energy, held_out
from training.checkpoint import KEPT, find_latest, list_checkpoints, write_directory
from training.comparison import Comparison
from training.errors import CheckpointError, DataError, TrainingError, no_number, nothing_in
from training.finetune_config import FinetuneConfig
from training.lessons import Lesson, read_lessons
from training.look import load as load_tokenizer
from training.model import device_and_dtype
from training.pausing import make_room
from training.progress import Compared, Evaluated, Finished, Sampled, Saved, Started, Step, emit
from training.ranks import Ranks
from training.record import sha256
from training.taught import load_taught, make_portable, take_threads
from training.trainers import build_trainer

SHOWN = 4  # held-out prompts whose replies are told at each measurement
EXTRA = "colloquy.json"  # of a checkpoint: what TRL does not keep
CHANGEABLE = ("compare_with", "compare_base", "compared_rows", "log_every", "evaluate_every", "save_minutes", "threads")


def finetune(
    config: FinetuneConfig, *, directory: Path, out: Path, resume: bool, should_stop: Callable[[], bool]
) -> None:
    """directory: where train.jsonl and held-out.jsonl lie. Raises TrainingError."""
    run = Run(config, directory, out, resume=resume, should_stop=should_stop)
    run.work()
    run.ranks.leave()


@dataclass
class Told:
    """What a checkpoint must know besides the trainer's own state."""

    tokens: int = 0
    elapsed_s: float = 0.0
    energy_wh: float = 0.0
    best: float = math.inf
    worse: int = 0  # measurements in a row that were no better
    over: bool = False  # the last step is made; what is left is to measure and to write


class Run:
    """What a run holds in memory, and its acts in order: `work`."""

    def __init__(
        self, config: FinetuneConfig, directory: Path, out: Path, *, resume: bool, should_stop: Callable[[], bool]
    ) -> None:
        logging.disable_progress_bar()
        torch.manual_seed(config.seed)
        self.config, self.directory, self.out, self.should_stop = config, directory, out, should_stop
        self.device, self.dtype = device_and_dtype()
        self.latest = find_latest(out / "checkpoints", resume=resume)
        self.told = _told(self.latest)
        self.before = self.told.tokens
        take_threads(config)
        self.tokenizer = load_tokenizer(Path(config.base))
        self.lessons = read_lessons(directory / config.train, config.shape)
        self.measured = held_out.prepare(
            read_lessons(directory / config.held_out, config.shape), self.tokenizer, max_length=config.max_length
        )
        if not self.lessons:
            raise DataError(nothing_in(config.train))
        if not self.measured:
            raise DataError(
                Sentence(
                    "Nothing of %(file)s fits into %(tokens)s tokens: raise max_length.",
                    file=config.held_out,
                    tokens=config.max_length,
                )
            )
        self.model = load_taught(config, self.dtype)
        self.record: dict[str, Any] = _describe(config, directory, self.model)
        if self.latest:
            self.record["metrics"] = _metrics(self.latest, self.record)
        self.trainer = build_trainer(config, self.model, self.tokenizer, self.lessons, out, self.dtype)
        self.trainer.remove_callback(PrinterCallback)
        self.ranks = Ranks.of(self.trainer)
        self.watch = Watch(self)
        self.trainer.add_callback(self.watch)

    @property
    def autocast(self) -> bool:
        return self.dtype is torch.bfloat16

    @property
    def first(self) -> bool:
        """Of several processes, the one that tells and writes."""
        return bool(self.trainer.is_world_process_zero())

    @property
    def new_tokens(self) -> int:
        """By this process, since it was started or resumed."""
        return int(self.trainer.data_collator.tokens)

    def work(self) -> None:
        if self.told.over:
            self.return_to_end()
        else:
            self.trainer.train(resume_from_checkpoint=str(self.latest) if self.latest else None)
        self.watch.meter.close()
        if not self.first:
            return
        if self.watch.stopped:
            self.tell(
                Finished("stopped", self.trainer.state.global_step, str(list_checkpoints(self.out / "checkpoints")[-1]))
            )
            return
        self.take_best()
        self.compare()
        path = self.save()
        self.tell(Finished("done", self.trainer.state.global_step, str(path)))

    def return_to_end(self) -> None:
        """To a run that was killed after its last step: the trainer would make one more."""
        trainer, place = self.trainer, str(self.latest)
        trainer._load_from_checkpoint(place)
        trainer.state = TrainerState.load_from_json(str(Path(place, TRAINER_STATE_NAME)))
        self.watch.on_train_begin(trainer.args, trainer.state, trainer.control)

    def measure(self, step: int, *, base: bool = False) -> float:
        """The held-out loss and a few replies, told."""
        self.model.eval()
        with self.without_adapter() if base else nullcontext():
            loss = self.loss()
            said = self.replies(self.shown)
        self.model.train()
        self.tell(Evaluated(step, loss, {self.config.held_out: loss}))
        for lesson, text in zip(self.shown, said, strict=True):
            self.tell(Sampled(step, lesson.prompt[-1].content, text))
        self.record["metrics"].append({"step": step, "eval_loss": loss})
        return loss

    def begin(self) -> float:
        """The base model is measured; the held-out loss that is to be bettered."""
        base = self.measure(0, base=True)
        return self.loss() if self.config.start_from else base

    @property
    def shown(self) -> list[Lesson]:
        return [row.lesson for row in self.measured[:SHOWN]]

    def loss(self) -> float:
        pad = int(self.tokenizer.pad_token_id or 0)
        return held_out.loss(self.model, self.measured, pad=pad, autocast=self.autocast)

    def replies(self, lessons: Sequence[Lesson]) -> list[str]:
        return held_out.replies(self.model, self.tokenizer, lessons, autocast=self.autocast)

    def without_adapter(self) -> Any:
        """The base model. Of full training there is none any more but in its own files."""
        return self.model.disable_adapter() if isinstance(self.model, PeftModel) else nullcontext()

    def keep_best(self) -> None:
        more = {"save_embedding_layers": False} if isinstance(self.model, PeftModel) else {}
        write_directory(self.out / "best", lambda place: self.model.save_pretrained(place, **more))

    def take_best(self) -> None:
        """Back to the weights with the lowest held-out loss."""
        best = self.out / "best"
        if not best.is_dir():
            return
        if isinstance(self.model, PeftModel):
            set_peft_model_state_dict(self.model, load_file(best / "adapter_model.safetensors"))
        else:
            files = sorted(best.glob("*.safetensors"))
            self.model.load_state_dict({k: v for file in files for k, v in load_file(file).items()}, strict=False)
            self.model.tie_weights()

    def compare(self) -> None:
        """With its base and with what is in service, on the rows held out."""
        self.make_way()
        found = Comparison(self.config, self.tokenizer, self.measured, self.dtype)
        found.make(self.model)
        found.write(self.out / "comparison.jsonl")
        self.record["comparison"] = found.models
        self.tell(Compared(self.trainer.state.global_step, len(found.lessons), found.models))

    def make_way(self) -> None:
        """What only steps need goes: gradients, and the optimizer's two moments of each weight."""
        self.trainer.optimizer = self.trainer.lr_scheduler = None
        self.trainer.accelerator.free_memory()
        self.model.zero_grad(set_to_none=True)

    def save(self) -> Path:
        """The result, in one rename."""
        path = self.out / ("adapter" if isinstance(self.model, PeftModel) else "model")
        self.record |= {"steps": self.trainer.state.global_step, "tokens": self.told.tokens}
        self.record |= {"minutes": round(self.told.elapsed_s / 60, 1), "energy_wh": round(self.told.energy_wh, 2)}

        def write(place: Path) -> None:
            if path.name == "model":
                self.model.save_pretrained(place)
                self.tokenizer.save_pretrained(place)
            else:
                self.model.save_pretrained(place, selected_adapters=["default"], save_embedding_layers=False)
                make_portable(place, Path(self.config.base).name)
            (place / "run.json").write_text(json.dumps(self.record, ensure_ascii=False, indent=2) + "\n", "utf-8")

        write_directory(path, write)
        return path

    def tell(self, event: Any) -> None:
        if self.first:
            emit(event)


class Watch(TrainerCallback):
    """Between TRL's steps: tells, measures, saves, makes room, and ends."""

    def __init__(self, run: Run) -> None:
        self.run, self.stopped = run, False
        self.meter = energy.Meter(run.told.energy_wh, running=run.first)
        self.saved = self.clock = time.monotonic()
        self.window = (run.told.tokens, run.told.elapsed_s)

    def on_train_begin(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        run = self.run
        run.tell(
            Started(
                command="finetune",
                device=run.device.type,
                dtype=str(run.dtype).removeprefix("torch."),
                parameters=sum(parameter.numel() for parameter in run.model.parameters() if parameter.requires_grad),
                examples=len(run.lessons),
                tokens_per_epoch=run.trainer.rows_tokens,
                resumed_from=state.global_step if run.latest else None,
                steps=state.max_steps,
            )
        )
        if not run.latest:
            [run.told.best] = run.ranks.total(run.begin() if run.first else 0.0)
        self.clock = time.monotonic()

    def on_step_begin(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        self.clock += make_room(self.run.out)

    def on_step_end(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        now, told = time.monotonic(), self.run.told
        told.elapsed_s += now - self.clock
        over = state.global_step >= state.max_steps
        if state.global_step % self.run.config.evaluate_every == 0 or over:
            over = self.judge(state.global_step) or over
        told.over = over
        due = (now - self.saved) / 60 >= self.run.config.save_minutes and self.run.first
        # one decision of all processes: who stopped or saved alone would be waited for by the others
        seen, asked, due_of_all = self.run.ranks.total(self.run.new_tokens, self.run.should_stop(), due)
        told.tokens = self.run.before + int(seen)
        self.stopped = bool(asked) and not over
        control.should_training_stop = self.stopped or over
        control.should_save = self.stopped or over or bool(due_of_all)
        self.clock = time.monotonic()

    def judge(self, step: int) -> bool:
        """Whether it has long enough got no better."""
        told, config = self.run.told, self.run.config
        [loss] = self.run.ranks.total(self.run.measure(step) if self.run.first else 0.0)  # the first one's, for all
        if not math.isfinite(loss):
            raise TrainingError(no_number(step))
        told.worse = 0 if loss < told.best else told.worse + 1
        if loss < told.best:
            told.best = loss
            if self.run.first:
                self.run.keep_best()
        return bool(config.early_stopping_patience and told.worse >= config.early_stopping_patience)

    def on_log(self, args: TrainingArguments, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if not logs or "loss" not in logs:
            return
        told = self.run.told
        told.energy_wh = self.meter.watt_hours()
        elapsed = told.elapsed_s + time.monotonic() - self.clock
        tokens, before = self.window
        self.window = told.tokens, elapsed
        self.run.tell(
            Step(
                state.global_step,
                float(logs["loss"]),
                float(logs.get("learning_rate", 0)),
                float(logs.get("grad_norm", 0)),
                told.tokens,
                round((told.tokens - tokens) / max(1e-9, elapsed - before)),
                round(elapsed, 1),
                round(energy.memory_mb(), 1),
                round(told.energy_wh, 3),
            )
        )

    def on_save(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        """The trainer has written checkpoint-N: it gets its own name in one rename, and the oldest go."""
        self.saved = time.monotonic()
        self.run.ranks.total(0)  # each process has written its part of it
        if not self.run.first:
            return
        root = self.run.out / "checkpoints"
        written, path = (
            Path(str(args.output_dir), f"checkpoint-{state.global_step}"),
            root / f"step-{state.global_step:08}",
        )
        (written / "training_args.bin").unlink(missing_ok=True)
        told = {**vars(self.run.told), "run": self.run.record}
        told["best"] = told["best"] if math.isfinite(told["best"]) else None
        (written / EXTRA).write_text(json.dumps(told), encoding="utf-8")
        shutil.rmtree(path, ignore_errors=True)
        written.rename(path)
        for old in list_checkpoints(root)[:-KEPT]:
            shutil.rmtree(old)
        self.run.tell(Saved(state.global_step, str(path)))


def _told(checkpoint: Path | None) -> Told:
    if checkpoint is None:
        return Told()
    kept = json.loads((checkpoint / EXTRA).read_text(encoding="utf-8"))
    kept.pop("run")
    return Told(**{**kept, "best": math.inf if kept["best"] is None else kept["best"]})


def _metrics(checkpoint: Path, run: dict[str, Any]) -> list[Any]:
    """Those of the run so far. Raises CheckpointError where another run than RUN made the checkpoint."""
    earlier = json.loads((checkpoint / EXTRA).read_text(encoding="utf-8"))["run"]
    if _lasting(earlier) != _lasting(run):
        raise CheckpointError(
            f"{checkpoint.name} was made with another configuration or other data: "
            "resume with the same ones, or start anew with another --out."
        )
    return list(earlier["metrics"])


def _lasting(run: dict[str, Any]) -> tuple[Any, Any]:
    return {name: value for name, value in run["config"].items() if name not in CHANGEABLE}, run["data"]


def _describe(config: FinetuneConfig, directory: Path, model: Any) -> dict[str, Any]:
    hashes = {name: sha256(directory / name) for name in (config.train, config.held_out)}
    asked = config.model_dump(mode="json")
    for name in ("base", "start_from", "compare_with", "compare_base"):  # names, not places of this machine
        asked[name] = Path(str(asked[name])).name if asked[name] else None
    learned = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return {"command": "finetune", "config": asked, "data": hashes, "trained_parameters": learned, "metrics": []}
