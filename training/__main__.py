"""Train from the command line. Progress is one JSON object a line on standard output (training/progress.py).

SIGTERM and Ctrl-C stop a run so that it can be resumed; SIGUSR1 ends its stage early and begins the next one.
Exit status: 0 when the run is done or was stopped; 2 when its input cannot be used; 1 when it failed. Where --processes
asks for several, they are one to whoever started them.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inference.sentences import said
from training import several
from training.config import load_config, scaled
from training.errors import DataError, TrainingError
from training.progress import Failed, emit


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    if several.is_one_of_several():
        several.die_with_launcher()
    elif getattr(options, "processes", 1) > 1:
        return several.launch(options.processes, arguments)
    try:
        options.run(options)
    except TrainingError as error:
        emit(Failed(said(error)))
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
    _may_be_several(command)
    command.set_defaults(run=_pretrain)
    command = commands.add_parser("finetune", help="teach a model that exists: LoRA, or all of its weights")
    command.add_argument("config", type=Path, help="a .json or .toml file, see training/finetune_config.py")
    command.add_argument("--out", type=Path, required=True, help="where checkpoints and the adapter go")
    command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --out")
    _may_be_several(command)
    command.set_defaults(run=_finetune)
    command = commands.add_parser("estimate", help="say what finetune will cost, by a few of its steps")
    command.add_argument("config", type=Path, help="a .json or .toml file, see training/finetune_config.py")
    _may_be_several(command)
    command.set_defaults(run=_estimate)
    command = commands.add_parser("merge", help="an adapter and its base model, as one model")
    command.add_argument("base", type=Path, help="the base model's directory")
    command.add_argument("adapter", type=Path, help="the adapter's directory")
    command.add_argument("--out", type=Path, required=True, help="a directory for the model")
    command.set_defaults(run=_merge)
    command = commands.add_parser("look", help="rows as a model will see them: one JSON object a row")
    command.add_argument("data", help="a .jsonl file, see training/lessons.py; - to answer lists of rows on stdin")
    command.add_argument("--base", type=Path, required=True, help="the model's directory")
    command.add_argument("--shape", choices=("supervised", "preference", "thumbs"), default="supervised")
    command.add_argument("--max-length", type=int, help="tokens of a row; what is longer is cut")
    command.add_argument("--lengths", action="store_true", help="how many tokens a row has, not which")
    command.add_argument("--survey", action="store_true", help="one JSON object for all rows instead")
    command.set_defaults(run=_look)
    command = commands.add_parser("evaluate", help="measure a model through vLLM, on development files")
    command.add_argument("model", type=Path, help="a model directory; evaluation.json and the card's table go there")
    command.add_argument("--corpus", type=Path, required=True, help="where the *.dev.jsonl files lie")
    command.add_argument("--limit", type=int, help="at most so many requests of each kind")
    command.set_defaults(run=_evaluate)
    return parser


def _may_be_several(command: argparse.ArgumentParser) -> None:
    command.add_argument("--processes", type=int, default=1, help="how many share the work, one a GPU; as torchrun")


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


def _finetune(options: argparse.Namespace) -> None:
    from training.finetune_config import load_finetune_config

    config = load_finetune_config(options.config)
    should_stop = _listen(signal.SIGTERM, signal.SIGINT)
    from training.finetune import finetune

    directory = options.config.parent
    finetune(config, directory=directory, out=options.out, resume=options.resume, should_stop=should_stop)


def _estimate(options: argparse.Namespace) -> None:
    from training.finetune_config import load_finetune_config

    config = load_finetune_config(options.config)
    from training.estimate import estimate

    told = estimate(config, options.config.parent)
    if several.is_first():
        emit(told)


def _merge(options: argparse.Namespace) -> None:
    from training.merge import merge

    merge(options.base, options.adapter, options.out)


def _look(options: argparse.Namespace) -> None:
    from training import look
    from training.data import read_rows

    tokenizer = look.load(options.base)
    if options.survey:
        rows, longest = (row for _, row in read_rows(Path(options.data))), options.max_length or 512
        print(json.dumps(look.survey(rows, tokenizer, options.shape, max_length=longest), ensure_ascii=False))
        return

    def seen(row: look.Row) -> dict[str, Any]:
        how = look.measure if options.lengths else look.see
        return how(row, tokenizer, options.shape, max_length=options.max_length)

    if options.data == "-":
        for line in look.answers(sys.stdin, seen):
            print(line, flush=True)
        return
    for number, (_, row) in enumerate(read_rows(Path(options.data)), start=1):
        print(json.dumps({"row": number, **seen(row)}, ensure_ascii=False))


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


def _spare_torch() -> None:
    """transformers imports PyTorch wherever it is installed: 270 MB and two seconds that a tokenizer does not need.
    What is None in sys.modules cannot be imported."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # that PyTorch was not found
    sys.modules["torch"] = None  # type: ignore[assignment]


if __name__ == "__main__":
    if sys.argv[1:2] == ["look"]:
        _spare_torch()
    several.leave(main())
