"""make bench-yield: what a run of training costs the people who chat meanwhile, by how it makes room for them.

The real vLLM answers one person, question after question, with a pause to read between two. Beside it trains nothing
(the baseline); then a run as the product starts it (nice 19); then also waiting between its steps while a reply is
written; then stopped at once by SIGSTOP instead. Printed are seconds to the first token and for the whole reply, and
how many tokens a second the run learns. Last line JSON.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference.client import Client
from inference.messages import Message, Role, SamplingParams
from inference.server import ROOT, ServerConfig
from training.pausing import ask_for_room

MODES = ("nothing", "nice", "nice and wait", "nice and SIGSTOP")
READING_S = 2.0
REPLY = SamplingParams(max_tokens=64, temperature=1.0, seed=1)
LOOK_EVERY_S = 0.5  # as webapp/runs/yielding.py looks whether people wait


@dataclass
class Waiting:
    """Whether a person waits for a reply just now."""

    now: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.yielding", description=__doc__)
    parser.add_argument("--questions", type=int, default=20, help="in each mode and round")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        figures = asyncio.run(_measure(Path(place), options.questions, options.rounds))
    print(json.dumps({"yield": figures}))


async def _measure(place: Path, questions: int, rounds: int) -> dict[str, dict[str, float]]:
    config = ServerConfig(
        model=str(ROOT / "inference" / "builtin"), api_key="bench", cache_dir=str(place), uds=f"{place}/engine.sock"
    )
    found: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    speeds: dict[str, list[float]] = {mode: [] for mode in MODES}
    with _engine(config, place / "engine.log"):
        async with Client(config.url, config.api_key) as client:
            while not await client.health():
                await asyncio.sleep(0.1)
            await _ask(client, config.served_name, 0)
            for turn in range(rounds):
                for mode in MODES:
                    waiting = Waiting()
                    with _training(place, mode, waiting) as speed:
                        for number in range(questions):
                            waiting.now = True
                            found[mode].append(await _ask(client, config.served_name, number + turn * questions))
                            waiting.now = False
                            await asyncio.sleep(READING_S)
                    speeds[mode] += speed
    return {mode: _figures(mode, times, speeds) for mode, times in found.items()}


def _figures(mode: str, times: list[tuple[float, float]], speeds: dict[str, list[float]]) -> dict[str, float]:
    first, whole = sorted(first for first, _ in times), [whole for _, whole in times]
    figures: dict[str, float] = {
        "first_token_p50_ms": round(1000 * statistics.median(first)),
        "first_token_p95_ms": round(1000 * first[int(0.95 * (len(first) - 1))]),
        "reply_p50_ms": round(1000 * statistics.median(whole)),
        "training_tokens_per_s": round(statistics.median(speeds[mode])) if speeds[mode] else 0,
    }
    print(f"{mode:18}", figures, flush=True)
    return figures


async def _ask(client: Client, model: str, number: int) -> tuple[float, float]:
    """Seconds to the first token, and to the last."""
    begun, first = time.monotonic(), 0.0
    async for delta in client.stream(model, [Message(Role.USER, f"Tell me story number {number}.")], REPLY):
        if delta.text and not first:
            first = time.monotonic() - begun
    return first, time.monotonic() - begun


@contextmanager
def _engine(config: ServerConfig, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(config.argv(), env=os.environ | config.environment(), stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _training(place: Path, mode: str, waiting: Waiting) -> Iterator[list[float]]:
    """A run that learns until the end of the block; its tokens a second, in the end."""
    speeds: list[float] = []
    if mode == "nothing":
        yield speeds
        return
    out = Path(tempfile.mkdtemp(dir=place))
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "pretrain", str(_configuration(out)), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.nice(19) and None,
        start_new_session=True,
    )
    over, stepping, told = threading.Event(), threading.Event(), list[dict]()
    threads = [
        threading.Thread(target=_listen, args=(process, stepping, told)),
        threading.Thread(target=_make_way, args=(process, out, mode, waiting, over)),
    ]
    for thread in threads:
        thread.start()
    stepping.wait(120)
    before, begun = _tokens(told), time.monotonic()
    try:
        yield speeds
        speeds.append((_tokens(told) - before) / (time.monotonic() - begun))
    finally:
        over.set()
        threads[1].join()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        threads[0].join()


def _listen(process: subprocess.Popen, stepping: threading.Event, told: list[dict]) -> None:
    for line in process.stdout or ():
        said = json.loads(line)
        if said.get("event") == "step":
            told.append(said)
            stepping.set()


def _tokens(told: list[dict]) -> int:
    return told[-1]["tokens"] if told else 0


def _make_way(process: subprocess.Popen, out: Path, mode: str, waiting: Waiting, over: threading.Event) -> None:
    stopped = False
    while not over.wait(LOOK_EVERY_S):
        if mode == "nice and wait" and waiting.now:
            ask_for_room(out)
        if mode == "nice and SIGSTOP" and waiting.now != stopped:
            stopped = waiting.now
            os.killpg(process.pid, signal.SIGSTOP if stopped else signal.SIGCONT)


def _configuration(out: Path) -> Path:
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 8))) for _ in range(2000)]
    rows = [json.dumps({"text": " ".join(rng.choices(words, k=60))}) for _ in range(4000)]
    (out / "words.jsonl").write_text("\n".join(rows) + "\n")
    config = {
        "model": {"vocab_size": 2048},
        "stages": [{"sources": [{"file": "words.jsonl", "kind": "text"}], "max_minutes": 60}],
        "batch_tokens": 4096,
        "log_every": 1,
        "save_minutes": 60,
    }
    file = out / "config.json"
    file.write_text(json.dumps(config))
    return file


if __name__ == "__main__":
    main()
