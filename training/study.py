"""Which size to train in a given time: several sizes, each for the same computing time, at more than one length.

    python -m training.study training/configs/builtin.toml --corpus DIRECTORY --out DIRECTORY \
        --sizes 192x8 256x8 320x8 --minutes 8 20

A size is hidden_size x num_hidden_layers; heads and the SwiGLU layer grow with its width. Each size's speed is measured
first, by a few steps in turns. A run's stages then get the tokens that the size gets through in the minutes, so that
other work on the machine makes the study longer and not different. All
else, the order of the data included, is CONFIG's. Prints a table of development losses (nats a token of the replies;
all sizes have one tokenizer) and, last, JSON. Called again with the same --out, it goes on where it was stopped.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from training.config import ModelConfig, PretrainConfig, load_config, scaled

SAVE_MINUTES = 20.0
"""Rarely: with each checkpoint samples are written."""
TURNS = 6
STEPS = 8
"""Of a turn."""
BESIDE = "*.jsonl"
"""What a configuration may have lying beside it: its copies get it too."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    corpus = (options.corpus or options.config.parent).resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    for file in options.config.parent.glob(BESIDE):
        shutil.copy(file, options.out)
    speeds = _speeds(config, options.sizes, options.out / "speeds.json")
    rows = []
    for minutes in options.minutes:
        for size in options.sizes:
            wanted = _for_minutes(_resized(config, size), minutes, speeds[size])
            events = _trained(wanted, corpus, options.out / f"{size}-{minutes:g}")
            rows.append({"size": size, "minutes": minutes, "tokens_per_s": round(speeds[size]), **_result(events)})
    print(table(rows))
    print(json.dumps({"study": rows}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="a .toml or .json file, see training/config.py")
    parser.add_argument("--corpus", type=Path, help="where the sources lie, if not beside the configuration")
    parser.add_argument("--out", type=Path, required=True, help="where the runs go")
    parser.add_argument("--sizes", nargs="+", required=True, metavar="WIDTHxLAYERS")
    parser.add_argument("--minutes", nargs="+", type=float, required=True, help="of computing time on a quiet machine")
    return parser


def _resized(config: PretrainConfig, size: str) -> PretrainConfig:
    width, layers = map(int, size.split("x"))
    heads = max(2, width // config.model.head_dim)
    shape = config.model.model_dump() | {
        "hidden_size": width,
        "intermediate_size": round(width * 2.75 / 64) * 64,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2 if heads % 2 == 0 else 1,
    }
    return config.model_copy(update={"model": ModelConfig(**shape)})


def _tokens(config: PretrainConfig) -> int:
    return sum(stage.max_tokens or 0 for stage in config.stages)


def _for_minutes(config: PretrainConfig, minutes: float, speed: float) -> PretrainConfig:
    longer = scaled(config, minutes * 60 * speed / _tokens(config))
    return longer.model_copy(update={"save_minutes": SAVE_MINUTES})


def _speeds(config: PretrainConfig, sizes: Sequence[str], file: Path) -> dict[str, float]:
    """Tokens a second by size. They take turns, as in training/bench.py: what else the machine does meets all alike."""
    if file.exists():
        return json.loads(file.read_text())
    from training.bench import Ours, contest

    plain, documents, tokenizer = contest()
    plain = plain.model_copy(update={"optimizer": config.optimizer})
    shapes = {size: plain.model_copy(update={"model": _resized(config, size).model}) for size in sizes}
    runners = {size: Ours(shape, documents, tokenizer) for size, shape in shapes.items()}
    found: dict[str, list[float]] = {size: [] for size in sizes}
    for turn in range(TURNS + 1):
        for size, runner in runners.items():
            steps = list(runner.run(STEPS))
            if turn:  # the first compiles
                found[size].append(sum(tokens for tokens, _ in steps) / sum(taken for _, taken in steps))
    speeds = {size: median(measured) for size, measured in found.items()}
    file.write_text(json.dumps(speeds))
    return speeds


def _trained(config: PretrainConfig, corpus: Path, out: Path) -> list[dict[str, Any]]:
    """Every event of the run in OUT, which is begun, gone on with, or read."""
    log, plan = out / "events.jsonl", out.parent / f"{out.name}.json"
    out.mkdir(exist_ok=True)
    if plan.exists():
        config = load_config(plan)  # of the speed that was measured then
    else:
        plan.write_text(config.model_dump_json(exclude_none=True))
    if not any(event.get("status") == "done" for event in _events(log)):
        print(f"{out.name}: {_tokens(config):,} tokens", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "training", "pretrain", str(plan), "--corpus", str(corpus)]
        with log.open("a") as file:
            resume = ["--resume"] if any((out / "checkpoints").glob("*")) else []
            subprocess.run([*command, "--out", str(out), *resume], stdout=file, check=True)
    return list(_events(log))


def _events(log: Path) -> Iterator[dict[str, Any]]:
    if log.exists():
        yield from map(json.loads, log.read_text().splitlines())


def _result(events: list[dict[str, Any]]) -> dict[str, Any]:
    last = [event for event in events if event["event"] == "evaluated"][-1]
    tokens = [event["tokens"] for event in events if event["event"] == "step"][-1]
    return {"tokens": tokens, "loss": last["loss"], "losses": last["losses"]}


def table(rows: list[dict[str, Any]]) -> str:
    """One line a run, in Markdown; a column for each development file."""
    files = list(rows[0]["losses"])
    head = ["size", "minutes", "tokens/s", "tokens", "loss", *files]
    lines = [
        [
            row["size"], f"{row['minutes']:g}", f"{row['tokens_per_s']:,}", f"{row['tokens'] / 1e6:.1f} M",
            f"{row['loss']:.3f}", *(f"{row['losses'][file]:.3f}" for file in files),
        ]
        for row in rows
    ]  # fmt: skip
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *lines])


if __name__ == "__main__":
    main()
