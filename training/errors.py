"""What can go wrong before and during a run, each with a sentence for the person who started it.

TrainingError
├── ConfigError      a field is unknown, missing or out of range
├── DataError        a file of examples is missing or a line of it cannot be used
└── CheckpointError  there is nothing to resume from, or it belongs to another run
"""

from inference.sentences import Sentence


class TrainingError(Exception):
    """The message is one sentence that says what is wrong and what to do; a Sentence where the browser shows it."""


class ConfigError(TrainingError):
    pass


class DataError(TrainingError):
    pass


class CheckpointError(TrainingError):
    pass


def nothing_in(file: str) -> Sentence:
    return Sentence("%(file)s is empty: there is nothing to learn.", file=file)


def no_number(step: int) -> Sentence:
    return Sentence("The loss is no longer a number at step %(step)s: lower learning_rate.", step=step)
