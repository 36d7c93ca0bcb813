"""What a run tells whoever started it: one JSON object a line on standard output, `event` first.

The web application turns each line into a row of the run's metrics; a person reads them as they are. A sentence is in
English; what it is made of stands beside it in `told`, so that it can be said in other words (inference/sentences.py).
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from typing import TextIO

from inference.sentences import Sentence, pack


@dataclass(frozen=True, slots=True)
class Started:
    """device and dtype are those that compute; resumed_from is a step, None for a fresh run; steps are all that are
    planned, 0 where that is not known."""

    command: str
    device: str
    dtype: str
    parameters: int
    examples: int
    tokens_per_epoch: int
    resumed_from: int | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """loss is the mean over the labelled tokens (nats) since the last Step; tokens leave padding out.
    energy_wh is estimated, 0 where nothing can be said."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int
    tokens_per_s: float
    elapsed_s: float
    memory_mb: float = 0.0
    energy_wh: float = 0.0


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
class Compared:
    """What each model (base, this, in_service) came to on the ROWS held out: loss and perplexity, and what its replies
    scored by the rows' tasks (chrf, f1, accuracy)."""

    step: int
    rows: int
    models: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a run will cost, by a few of its real steps; `problem` says why it does not fit, and what would."""

    steps: int
    seconds: float
    tokens_per_s: float
    memory_gb: float
    memory_available_gb: float
    energy_wh: float
    fits: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Work that has no steps begins its part PART, from 1, of PARTS."""

    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class Finished:
    """status is "done", or "stopped" when the run was asked to stop and can be resumed."""

    status: str
    step: int
    path: str


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


Event = Started | Step | Evaluated | Saved | Sampled | Compared | Estimated | Reached | Finished | Failed


def emit(event: Event, stream: TextIO | None = None) -> None:
    values = asdict(event)
    parts = {name: pack(text) for name, text in values.items() if isinstance(text, Sentence) and text.values}
    said = {"event": type(event).__name__.lower(), **values, **({"told": parts} if parts else {})}
    line = json.dumps(said, ensure_ascii=False)
    try:
        print(line, file=stream or sys.stdout, flush=True)
    except BrokenPipeError:  # who listened has died: the run goes on, and can still save what it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
