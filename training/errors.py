"""What can go wrong before and during a run, each with a sentence for the person who started it.

TrainingError
├── ConfigError      a field is unknown, missing or out of range
├── DataError        a file of examples is missing or a line of it cannot be used
└── CheckpointError  there is nothing to resume from, or it belongs to another run
"""


class TrainingError(Exception):
    """The message is one sentence that says what is wrong and what to do."""


class ConfigError(TrainingError):
    pass


class DataError(TrainingError):
    pass


class CheckpointError(TrainingError):
    pass
