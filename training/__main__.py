"""Train from the command line. Progress is one JSON object a line on standard output (training/progress.py).

SIGTERM and Ctrl-C stop a run so that it can be resumed; SIGUSR1 ends its stage early and begins the next one.
Exit status: 0 when the run is done or was stopped; 2 when its input cannot be used; 1 when it failed.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from training.config import load_config, scaled
from training.errors import DataError, TrainingError
from training.progress import Failed, emit


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except TrainingError as error:
        emit(Failed(str(error)))
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        emit(Failed(f"{type(error).__name__}: {error}"))
        raise
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("check", help="say what is in files of examples, and what is wrong with them")
    command.add_argument("data", type=Path, nargs="+", help=".jsonl or .jsonl.xz files")
    command.add_argument("--json", action="store_true", help="one JSON object a file")
    command.set_defaults(run=_check)
    command = commands.add_parser("clean", help="write the files anew, without noise and duplicates")
    command.add_argument("data", type=Path, nargs="+", help=".jsonl or .jsonl.xz files")
    command.add_argument("--out", type=Path, required=True, help="a directory for the clean files and report.json")
    command.add_argument("--min-characters", type=int, default=2, help="of a row; shorter ones are dropped")
    command.add_argument("--max-characters", type=int, default=20_000, help="of a row; longer ones are dropped")
    command.add_argument("--near", type=float, default=0.85, help="similarity of near-duplicates, 0 to keep them")
    command.set_defaults(run=_clean)
    command = commands.add_parser("tokenizer", help="learn a tokenizer, and say how well it fits each language")
    command.add_argument("config", type=Path, help="a .toml or .json file, see training/config.py")
    command.add_argument("--corpus", type=Path, help="where the sources lie, if not beside the configuration")
    command.add_argument("--out", type=Path, help="a directory to write the tokenizer to")
    command.set_defaults(run=_tokenizer)
    command = commands.add_parser("pretrain", help="train a model from scratch")
    command.add_argument("config", type=Path, help="a .toml or .json file, see training/config.py")
    command.add_argument("--corpus", type=Path, help="where the sources lie, if not beside the configuration")
    command.add_argument("--out", type=Path, required=True, help="where checkpoints and the model go")
    command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --out")
    command.add_argument("--scale", type=float, default=1.0, help="times the stages' lengths: 0.01 to try a run out")
    command.set_defaults(run=_pretrain)
    command = commands.add_parser("evaluate", help="measure a model through vLLM, on development files")
    command.add_argument("model", type=Path, help="a model directory; evaluation.json and the card's table go there")
    command.add_argument("--corpus", type=Path, required=True, help="where the *.dev.jsonl files lie")
    command.add_argument("--limit", type=int, help="at most so many requests of each kind")
    command.set_defaults(run=_evaluate)
    return parser


def _check(options: argparse.Namespace) -> None:
    from training import checking

    found = [checking.check(path) for path in options.data]
    text = [json.dumps(findings.summary(), ensure_ascii=False) for findings in found] if options.json else None
    print("\n".join(text) if text else checking.describe(found))
    errors = sum(len(findings.errors) for findings in found)
    if errors:
        raise DataError(f"{errors:,} lines cannot be used: mend them, or let `python -m training clean` drop them.")


def _clean(options: argparse.Namespace) -> None:
    from training import cleaning

    near = options.near or None
    limits = cleaning.Limits(options.min_characters, options.max_characters, near)
    print(cleaning.describe(cleaning.clean(options.data, options.out, limits)))


def _tokenizer(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    from training.corpus import learn_tokenizer, tokenizer_texts
    from training.fertility import bytes_per_token

    directories = _directories(options)
    tokenizer = learn_tokenizer(config, directories)
    if options.out:
        tokenizer.save_pretrained(options.out)
    measured = bytes_per_token(tokenizer, tokenizer_texts(config, directories))
    print(f"{len(tokenizer):,} tokens; bytes per token by language:")
    print("\n".join(f"  {language or '?'}  {value:.2f}" for language, value in measured.items()))


def _pretrain(options: argparse.Namespace) -> None:
    config = scaled(load_config(options.config), options.scale)
    should_stop, should_advance = _listen(signal.SIGTERM, signal.SIGINT), _listen(signal.SIGUSR1)
    from training.pretrain import pretrain  # torch takes seconds to load: only once there is something to compute

    pretrain(
        config,
        directories=_directories(options),
        out=options.out,
        resume=options.resume,
        should_stop=should_stop,
        should_advance=should_advance,
    )


def _evaluate(options: argparse.Namespace) -> None:
    from training.card import conversation, table
    from training.evaluate import evaluate

    results = evaluate(options.model, options.corpus, limit=options.limit)
    print("\n\n".join(conversation(reply) for reply in results["replies"]))
    print(f"\n{table(results)}")


def _directories(options: argparse.Namespace) -> list[Path]:
    return [directory for directory in (options.corpus, options.config.parent) if directory]


def _listen(*numbers: int) -> Callable[[], bool]:
    """Whether one of the signals came since the last time one asked; the step that is being computed ends first."""
    heard: list[int] = []
    for number in numbers:
        signal.signal(number, lambda received, frame: heard.append(received))
    return lambda: bool(heard) and heard.pop() in numbers


if __name__ == "__main__":
    sys.exit(main())
