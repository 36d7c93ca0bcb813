"""python -m inference.fake --port 8001 [--tokens-per-s 50]: serve until a signal comes."""

import argparse
import asyncio
import os
import signal

import uvloop

from .script import Script
from .server import Fake


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inference.fake", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="on the loopback address; 0 for any free one, which is printed")
    where.add_argument("--uds", metavar="PATH", help="a Unix socket instead")
    parser.add_argument("--model", default="colloquy", help="name of the model it serves (default: %(default)s)")
    parser.add_argument("--context", type=int, default=8192, help="its context in tokens (default: %(default)s)")
    parser.add_argument("--tokens-per-s", type=float, default=0, help="speed of each reply (default: all at once)")
    parser.add_argument("--tokens", type=int, help="length of each reply (default: echo the last user message)")
    parser.add_argument("--seed", type=int, default=0, help="of the words that --tokens makes")
    parser.add_argument("--strict", action="store_true", help="like OpenAI: refuse the fields that only vLLM knows")
    uvloop.run(_serve(parser.parse_args()))


async def _serve(args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    script = Script(tokens=args.tokens, tokens_per_s=args.tokens_per_s)
    where = {"uds": args.uds} if args.uds else {"port": args.port}
    key = os.environ.get("VLLM_API_KEY")
    options = {"model": args.model, "context": args.context, "seed": args.seed, "strict": args.strict, **where}
    async with Fake(script, api_key=key, **options) as fake:
        print(fake.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
