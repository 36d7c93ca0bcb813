"""How far a stage has come and which learning rate belongs there.

Warm-up, stable, decay (Hu et al. 2024, https://arxiv.org/abs/2404.06395): the rate stays at its peak until a stage
lets it fall, so that a run can be made longer, or ended, at any time.
"""

from training.checkpoint import State
from training.config import PretrainConfig, StageConfig


def progress(stage: StageConfig, state: State) -> float:
    """How much of the stage is over, 0 to 1: by steps, by tokens, or by the clock on a machine that others use too."""
    if stage.max_minutes is not None:
        return min(1.0, state.stage.elapsed_s / (stage.max_minutes * 60))
    if stage.max_tokens is not None:
        return min(1.0, state.stage.tokens / stage.max_tokens)
    return min(1.0, state.stage.steps / (stage.max_steps or 1))


def learning_rate(config: PretrainConfig, state: State) -> float:
    """Linear warm-up; then straight from where the stage before ended to this stage's end_rate."""
    if state.step < config.warmup_steps:
        return config.learning_rate * (state.step + 1) / config.warmup_steps
    stage = config.stages[state.stage.number]
    before = config.stages[state.stage.number - 1].end_rate if state.stage.number else 1.0
    return config.learning_rate * (before + (stage.end_rate - before) * progress(stage, state))
