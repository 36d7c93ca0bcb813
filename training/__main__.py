"""Train from the command line. Progress is one JSON object a line on standard output (training/progress.py).

Exit status: 0 when the run is done, or was stopped by SIGTERM or Ctrl-C and can be resumed; 2 when its input cannot be
used; 1 when it failed.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from training.config import load_config
from training.errors import TrainingError
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
    command = commands.add_parser("pretrain", help="train a model from scratch")
    command.add_argument("config", type=Path, help="a .toml or .json file, see training/config.py")
    command.add_argument("--corpus", type=Path, help="where the sources lie, if not beside the configuration")
    command.add_argument("--out", type=Path, required=True, help="where checkpoints and the model go")
    command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --out")
    command.set_defaults(run=_pretrain)
    return parser


def _pretrain(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    should_stop = _listen_for_stop()
    from training.pretrain import pretrain  # torch takes seconds to load: only once there is something to compute

    directories = [directory for directory in (options.corpus, options.config.parent) if directory]
    pretrain(config, directories=directories, out=options.out, resume=options.resume, should_stop=should_stop)


def _listen_for_stop() -> Callable[[], bool]:
    """The step that is being computed ends first, then a checkpoint is saved."""
    heard: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: heard.append(received))
    return lambda: bool(heard)


if __name__ == "__main__":
    sys.exit(main())
