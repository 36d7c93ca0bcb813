"""How a run is going: the loss on development data, and the mean loss and speed since one last asked."""

import torch
from transformers import LlamaForCausalLM

from training import energy
from training.checkpoint import State
from training.corpus import Corpus
from training.model import TensorBatch, weighted_loss
from training.progress import Evaluated, Step


@torch.no_grad()
def evaluate(
    model: LlamaForCausalLM, corpus: Corpus, dtype: torch.dtype, *, step: int, compiled: bool = False
) -> Evaluated:
    """Mean loss per learned token of every evaluation source."""
    model.eval()
    sums: dict[str, tuple[float, float]] = {}
    for name in corpus.evaluation:
        total, learned = 0.0, 0.0
        for batch in corpus.evaluation_batches(name):
            with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
                total += float(weighted_loss(model, TensorBatch.of(batch, model.device), compiled=compiled))
            learned += float(batch.weights.sum())
        sums[name] = total, learned
    model.train()
    total, learned = (sum(values) for values in zip(*sums.values(), strict=True))
    return Evaluated(step, total / max(1, learned), {name: loss / count for name, (loss, count) in sums.items()})


class Window:
    """Mean loss and speed since the last Step event."""

    def __init__(self, state: State) -> None:
        self.loss = 0.0
        self._sum, self._weight = 0.0, 0.0
        self._tokens, self._elapsed_s = state.tokens, state.elapsed_s

    def add(self, loss: float, weight: float) -> None:
        self._sum += loss
        self._weight += weight

    def close(self, state: State, rate: float, norm: float) -> Step:
        speed = (state.tokens - self._tokens) / max(1e-9, state.elapsed_s - self._elapsed_s)
        self.loss = self._sum / max(1.0, self._weight)
        self._sum, self._weight, self._tokens, self._elapsed_s = 0.0, 0.0, state.tokens, state.elapsed_s
        return Step(
            state.step,
            self.loss,
            rate,
            norm,
            state.tokens,
            round(speed),
            round(state.elapsed_s, 1),
            round(energy.memory_mb(), 1),
            round(state.energy_wh, 3),
        )
