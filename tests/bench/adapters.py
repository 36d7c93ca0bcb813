"""python -m tests.bench.adapters: what loading adapters costs the replies that are being written meanwhile.

The real engine and the built-in model (or MODEL); N streams go on all the time, each asking anew as soon as its reply
has ended. For half of the time nothing else happens; then a new adapter is loaded and tried every second, through the
code with which a worker does it. The order is turned from round to round, so that a machine that gets busier
favours neither. The last line is one JSON object: milliseconds, of the time to first token and of the gaps between
tokens, without loading and while it goes on, and by how much the 99th percentile of each rose (median of the rounds,
whose halves lie next to each other in time); `added_p99_ms` is the larger of the two.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from inference.client import Client
from inference.messages import Message, Role, SamplingParams
from tests.engine import KEY, Engine, running_engine
from webapp.generation.adapters import TRIAL

TOKENS, EVERY_S, SETTLE_S = 64, 1.0, 3.0


@dataclass
class Spell:
    """Milliseconds of the tokens that came in one half of a round."""

    loading: bool
    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)


@dataclass
class Seen:
    """`now` is the spell that goes on, if one is counted."""

    spells: list[Spell] = field(default_factory=list)
    now: Spell | None = None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.adapters", description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=15, help="of each half of a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    limits = {"max_num_seqs": options.streams + 1, "max_queued": 64, "max_loras": 4, "max_cpu_loras": 16}
    with tempfile.TemporaryDirectory(prefix="colloquy-") as place, running_engine(uds=f"{place}/s", **limits) as engine:
        seen = asyncio.run(measure(engine, options))
    print(json.dumps(report(seen, options.streams)))


async def measure(engine: Engine, options: argparse.Namespace) -> Seen:
    seen = Seen()
    async with Client(engine.url, KEY) as client:
        streams = [asyncio.create_task(talk(client, engine.model, n, seen)) for n in range(options.streams)]
        try:
            for number in range(options.rounds):
                for loading in (False, True) if number % 2 == 0 else (True, False):
                    await spell(client, engine, seen, loading, options)
        finally:
            for task in streams:
                task.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
    return seen


async def spell(client: Client, engine: Engine, seen: Seen, loading: bool, options: argparse.Namespace) -> None:
    """One half of a round, after the streams have settled."""
    made = [engine.adapter(f"n{time.monotonic_ns()}@1", seed) for seed in range(int(options.seconds / EVERY_S))]
    await asyncio.sleep(SETTLE_S)
    seen.now = counted = Spell(loading)
    seen.spells.append(counted)
    until = time.monotonic() + options.seconds
    for path in made if loading else ():
        began = time.monotonic()
        await load(client, path)
        counted.loads.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(max(0, EVERY_S - (time.monotonic() - began)))
    await asyncio.sleep(max(0, until - time.monotonic()))
    seen.now = None


async def load(client: Client, path: Path) -> None:
    """As webapp.generation.adapters does: load, and one token to see that it answers."""
    await client.load_adapter(path.name, str(path))
    await client.complete(path.name, *TRIAL)


async def talk(client: Client, model: str, number: int, seen: Seen) -> None:
    params = SamplingParams(max_tokens=TOKENS, temperature=1.0)
    while True:
        last, begun = time.monotonic(), False
        messages = [Message(Role.USER, f"Tell me story {number} {last} of a river.")]
        async with aclosing(client.stream(model, messages, params)) as reply:
            async for delta in reply:
                if delta.text:
                    now = time.monotonic()
                    if seen.now:
                        (seen.now.gaps if begun else seen.now.first).append((now - last) * 1000)
                    last, begun = now, True


def report(seen: Seen, streams: int) -> dict[str, float]:
    quiet, busy = ([spell for spell in seen.spells if spell.loading is loading] for loading in (False, True))
    loads = [ms for spell in busy for ms in spell.loads]
    told: dict[str, float] = {"streams": streams, "loads": len(loads), "load_p50_ms": p(loads, 50)}
    added = []
    for name, of in (("ttft", "first"), ("gap", "gaps")):
        for percent in (50, 99):
            for suffix, spells in (("", quiet), ("_loading", busy)):
                told[f"{name}_p{percent}{suffix}_ms"] = p(
                    [ms for spell in spells for ms in getattr(spell, of)], percent
                )
        pairs = zip(quiet, busy, strict=True)
        rises = [p(getattr(loaded, of), 99) - p(getattr(alone, of), 99) for alone, loaded in pairs]
        told[f"{name}_added_p99_ms"] = round(statistics.median(rises), 1)
        added.append(told[f"{name}_added_p99_ms"])
    return told | {"added_p99_ms": max(added)}


def p(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


if __name__ == "__main__":
    main()
