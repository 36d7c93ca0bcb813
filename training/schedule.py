"""How far a run has come and which learning rate belongs there."""

import math

from training.config import PretrainConfig


def progress(config: PretrainConfig, *, step: int, elapsed_s: float) -> float:
    """How much of the run is over, 0 to 1: by steps, or by the clock on a machine that others use too."""
    if config.max_minutes is not None:
        return min(1.0, elapsed_s / (config.max_minutes * 60))
    return min(1.0, step / (config.max_steps or 1))


def learning_rate(config: PretrainConfig, *, step: int, elapsed_s: float) -> float:
    """Linear warm-up, then half a cosine from learning_rate to min_learning_rate at the run's end."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    fall = (1 + math.cos(math.pi * progress(config, step=step, elapsed_s=elapsed_s))) / 2
    return config.min_learning_rate + (config.learning_rate - config.min_learning_rate) * fall
