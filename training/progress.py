"""What a run tells whoever started it: one JSON object a line on standard output, `event` first.

The web application turns each line into a row of the run's metrics; a person reads them as they are.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Started:
    """device and dtype are those that compute; resumed_from is a step, None for a fresh run."""

    command: str
    device: str
    dtype: str
    parameters: int
    examples: int
    tokens_per_epoch: int
    resumed_from: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """loss is the mean over the labelled tokens (nats) since the last Step; tokens leave padding out."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int
    tokens_per_s: float
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Mean loss per labelled token (nats) of every evaluation source, and of all their tokens together as `loss`."""

    step: int
    loss: float
    losses: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    step: int
    path: str


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the model writes (`text`) when it is given `prompt`, by its likeliest tokens."""

    step: int
    prompt: str
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """status is "done", or "stopped" when the run was asked to stop and can be resumed."""

    status: str
    step: int
    path: str


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


Event = Started | Step | Evaluated | Saved | Sampled | Finished | Failed


def emit(event: Event, stream: TextIO | None = None) -> None:
    line = json.dumps({"event": type(event).__name__.lower(), **asdict(event)}, ensure_ascii=False)
    try:
        print(line, file=stream or sys.stdout, flush=True)
    except BrokenPipeError:  # who listened has died: the run goes on, and can still save what it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
