"""Tokens a second of `pretrain` against Hugging Face's Trainer: same model, documents, optimizer, machine, in one run;
and of `finetune` against TRL's SFTTrainer (training/bench_finetune.py).

    make bench-train, or python -m training.bench [--seconds 60]

Documents are random tokens in lengths like those of the built-in model's data (most are short, some fill a row), since
speed does not depend on what they say. Trainer is set up as its users would: documents padded to the longest of a
batch, the same tokens a step, the dtype that is faster here, fused AdamW; once in random order and once with documents
of like length together. Each takes turns with ours, because machines are shared; the first steps, which compile, are
left out. Padding is not counted. The last line is JSON; `pretrain_ratio` is to Trainer as it comes, and
`pretrain_ratio_sorted` to the same with documents of like length together, which is the harder match.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast, PrinterCallback, Trainer, TrainingArguments
from transformers.utils import logging

from training import bench_finetune
from training.batches import Batch, batch_shape, collate, epoch_batches
from training.config import PretrainConfig, parse_config
from training.model import TensorBatch, build_model, device_and_dtype, weighted_loss
from training.optimizer import build_optimizer
from training.rendering import Rendered
from training.stopwatch import Stopwatch
from training.tokenizer import train_tokenizer

DOCUMENTS = 6000
STEPS = 6
"""Of a turn."""
ONCE = ("trainer",)
"""Most of its time goes into padding: one turn says enough, and takes as long as ten of the others."""
SHAPE = {"hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 8, "num_attention_heads": 4}


class Documents(Dataset[dict[str, list[int]]]):
    """As Trainer wants them."""

    def __init__(self, documents: list[Rendered]) -> None:
        self._rows = [document.input_ids.tolist() for document in documents]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> dict[str, list[int]]:
        return {"input_ids": self._rows[number], "labels": self._rows[number]}


class Ours:
    """The steps of training/pretrain.py."""

    def __init__(self, config: PretrainConfig, documents: list[Rendered], tokenizer: PreTrainedTokenizerFast) -> None:
        self._config = config
        self._device, self._dtype = device_and_dtype()
        self.model = build_model(config.model, tokenizer).to(self._device)  # type: ignore[arg-type]
        self._optimizer = build_optimizer(self.model, config)
        self._optimizer.set_rate(config.learning_rate)
        self._batches = self._endless(documents)

    def run(self, steps: int) -> Iterator[tuple[int, float]]:
        """(tokens, seconds) of each step."""
        for _ in range(steps):
            started = time.perf_counter()
            batch = next(self._batches)
            with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._dtype is torch.bfloat16):
                loss = weighted_loss(self.model, TensorBatch.of(batch, self._device), compiled=self._config.compile)
            (loss / float(batch.weights.sum())).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._config.max_grad_norm)
            self._optimizer.step()
            self._optimizer.zero_grad()
            yield batch.tokens, time.perf_counter() - started

    def _endless(self, documents: list[Rendered]) -> Iterator[Batch]:
        lengths, rows, tokens = [len(d) for d in documents], self._config.rows, self._config.batch_tokens
        epoch = 0
        while True:
            for width, members in epoch_batches([lengths], [1.0], row_tokens=rows, batch_tokens=tokens, seed=(epoch,)):
                yield collate(documents, members, shape=batch_shape(width, tokens), prompt_weight=1.0)
            epoch += 1


class Theirs:
    """Hugging Face's Trainer."""

    def __init__(
        self, config: PretrainConfig, documents: list[Rendered], tokenizer: PreTrainedTokenizerFast, *, sorted_: bool
    ) -> None:
        self._rows, self._tokenizer = Documents(documents), tokenizer
        self._config, self._sorted = config, sorted_
        self._mean = sum(map(len, documents)) / len(documents)
        self.model = build_model(config.model, tokenizer)

    def run(self, steps: int) -> Iterator[tuple[int, float]]:
        """(tokens, seconds) of each step; Trainer's own start is left out."""
        watch = Stopwatch(DataCollatorForSeq2Seq(self._tokenizer, padding="longest"))
        with tempfile.TemporaryDirectory() as directory:
            arguments = TrainingArguments(
                output_dir=directory,
                max_steps=steps + 2,
                per_device_train_batch_size=round(self._config.batch_tokens / self._mean),
                learning_rate=self._config.learning_rate,
                weight_decay=self._config.weight_decay,
                max_grad_norm=self._config.max_grad_norm,
                optim="adamw_torch_fused",
                bf16=device_and_dtype()[1] is torch.bfloat16,
                train_sampling_strategy="group_by_length" if self._sorted else "random",
                logging_strategy="no",
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                use_cpu=not torch.cuda.is_available(),
                seed=steps,
            )
            trainer = Trainer(self.model, arguments, train_dataset=self._rows, data_collator=watch)
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return watch.steps()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=90, help="of measuring, all contestants together")
    options = parser.parse_args()
    logging.set_verbosity_error()
    config, documents, tokenizer = contest()
    contestants: dict[str, Ours | Theirs] = {
        "pretrain": Ours(config, documents, tokenizer),
        "trainer": Theirs(config, documents, tokenizer, sorted_=False),
        "trainer, sorted": Theirs(config, documents, tokenizer, sorted_=True),
    }
    speeds = measure(contestants, seconds=options.seconds)
    flops, peak = flops_per_token(contestants["pretrain"].model, documents), peak_flops()
    print(f"{peak / 1e9:,.0f} GFLOP/s in matrix products, {flops / 1e6:.0f} MFLOP a token")
    for name, speed in speeds.items():
        print(f"{name:16} {speed:8,.0f} tokens/s  {100 * speed * flops / peak:5.1f}% of the machine")
    taught = bench_finetune.measure(seconds=options.seconds)
    for name, speed in taught.items():
        print(f"{name:16} {speed:8,.0f} tokens/s")
    figures = {
        "pretrain_tokens_per_s": round(speeds["pretrain"]),
        "pretrain_ratio": round(speeds["pretrain"] / speeds["trainer"], 2),
        "pretrain_ratio_sorted": round(speeds["pretrain"] / speeds["trainer, sorted"], 2),
        "finetune_tokens_per_s": round(taught["finetune"]),
        "finetune_ratio": round(taught["finetune"] / taught["SFTTrainer"], 2),
    }
    print(json.dumps({"train": figures}))


def contest() -> tuple[PretrainConfig, list[Rendered], PreTrainedTokenizerFast]:
    """The model, documents and tokenizer of all contestants."""
    shape = {"vocab_size": 8192, "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 512, **SHAPE}
    stage = {"max_steps": 1, "sources": [{"file": "none", "kind": "text"}]}
    values = {"model": shape, "stages": [stage], "row_tokens": [128, 512], "batch_tokens": 4096, "compile": True}
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.lognormal(np.log(40), 0.9, DOCUMENTS).astype(int), 8, 512)
    documents = [
        Rendered(rng.integers(300, 8000, length, dtype=np.int32), np.ones(length, dtype=np.bool_)) for length in lengths
    ]
    return parse_config(values), documents, train_tokenizer(["a text"], vocab_size=300)


def measure(contestants: dict[str, "Ours | Theirs"], *, seconds: float) -> dict[str, float]:
    """Tokens a second by name: in each round all take turns; the median round counts."""
    for name, contestant in contestants.items():
        if name not in ONCE:
            list(contestant.run(4))  # compiles, allocates
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(rounds["pretrain"]) < 3:
        for name, contestant in contestants.items():
            if name in ONCE and rounds[name]:
                continue
            steps = list(contestant.run(2 if name in ONCE else STEPS))
            rounds[name].append(sum(tokens for tokens, _ in steps) / sum(taken for _, taken in steps))
    return {name: median(found) for name, found in rounds.items()}


def flops_per_token(model: torch.nn.Module, documents: list[Rendered]) -> float:
    """Of training, as Chowdhery et al. 2022 (PaLM, https://arxiv.org/abs/2204.02311) count: 6 a weight, 12 a layer, a
    width and a token looked at. The embedding counts once, as the output layer."""
    config: Any = model.config
    looked_at = sum(len(document) ** 2 for document in documents) / sum(map(len, documents)) / 2
    weights = sum(parameter.numel() for parameter in model.parameters())
    return 6 * weights + 12 * config.num_hidden_layers * config.hidden_size * looked_at


def peak_flops() -> float:
    """What the machine reaches in a large matrix product of the dtype that is faster here."""
    device, dtype = device_and_dtype()
    left, right = (torch.ones(2048, 2048, dtype=dtype, device=device) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        float((left @ right)[0, 0])
        best = min(best, time.perf_counter() - started)
    return 2 * 2048**3 / best


if __name__ == "__main__":
    main()
