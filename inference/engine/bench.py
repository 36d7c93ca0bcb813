"""Measure the engine on this machine: seconds to ready, memory, and how fast it reads and writes.

python -m inference.engine.bench [MODEL] [--streams 16]
"""

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from inference.client import Client
from inference.messages import Completion, Message, Role, SamplingParams
from inference.server import ROOT, ServerConfig


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inference.engine.bench", description=__doc__)
    parser.add_argument("model", nargs="?", default=str(ROOT / "inference" / "builtin"))
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--dtype", default="auto")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        config = ServerConfig(
            model=args.model, api_key="bench", cache_dir=place, uds=f"{place}/engine.sock", dtype=args.dtype
        )
        for start in ("first start", "second start"):
            asyncio.run(_measure(config, start, args.streams))


async def _measure(config: ServerConfig, start: str, streams: int) -> None:
    log = Path(config.cache_dir, "log")
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(config.argv(), env=os.environ | config.environment(), stdout=output, stderr=output)
    try:
        async with Client(config.url, config.api_key) as client:
            while not await client.health():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                await asyncio.sleep(0.05)
            ready_s = time.monotonic() - started
            print(
                f"{start}: ready in {ready_s:.1f} s, {_work_s(process.pid):.1f} s of CPU time, {_memory(process.pid)}"
            )
            await _write(client, config.served_name, 1)
            await _write(client, config.served_name, streams)
            print("  afterwards:", _memory(process.pid))
    finally:
        process.terminate()
        process.wait()


async def _write(client: Client, model: str, streams: int) -> None:
    params = SamplingParams(max_tokens=64, temperature=1.0, seed=1)

    def ask(number: int) -> "asyncio.Task[Completion]":
        question = [Message(Role.USER, f"Tell me story number {number}.")]
        return asyncio.create_task(client.complete(model, question, params))

    started = time.monotonic()
    replies = await asyncio.gather(*(ask(number) for number in range(streams)))
    tokens, taken_s = sum(reply.usage.completion_tokens for reply in replies), time.monotonic() - started
    print(f"  {streams} at once: {tokens} tokens in {taken_s:.2f} s, {tokens / taken_s:.0f} tokens/s")


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def _work_s(pid: int) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in _family(pid)))


def _memory(pid: int) -> str:
    """RSS counts the pages that both processes share twice; PSS once."""
    processes = _family(pid)
    used = [process.memory_full_info() for process in processes]
    rss, pss = sum(u.rss for u in used) / 1e6, sum(u.pss for u in used) / 1e6
    return f"{len(processes)} processes, RSS {rss:.0f} MB, PSS {pss:.0f} MB"


if __name__ == "__main__":
    main()
