"""What moves the weights: AdamW for all of them, or Muon for the matrices inside the layers and AdamW for the rest."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from training.config import PretrainConfig


class Optimizers:
    """Several optimizers that step as one, every parameter in one of them."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts

    def set_rate(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate * group["share"]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self) -> None:
        for part in self.parts:
            part.zero_grad()

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """All state, named PART.PARAMETER.NAME."""
        for i, part in enumerate(self.parts):
            for number, values in part.state_dict()["state"].items():
                for name, value in values.items():
                    yield f"{i}.{number}.{name}", value.contiguous()

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        for i, part in enumerate(self.parts):
            state: dict[int, dict[str, Any]] = {}
            for key, value in tensors.items():
                which, number, name = key.split(".")
                if int(which) == i:
                    state.setdefault(int(number), {})[name] = value
            part.load_state_dict({**part.state_dict(), "state": state})


def build_optimizer(model: nn.Module, config: PretrainConfig) -> Optimizers:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101); norms and embeddings are not decayed.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes a matrix's step orthogonal. Its steps
    are scaled to the size of AdamW's (Liu et al. 2025, https://arxiv.org/abs/2502.16982), so both take one rate.
    """
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (matrices if parameter.dim() >= 2 and "embed" not in name else others).append(parameter)
    rest = {"params": others, "weight_decay": 0.0, "share": 1.0}
    inner = {"params": matrices, "weight_decay": config.weight_decay, "share": 1.0}
    if config.optimizer == "adamw":
        return Optimizers([torch.optim.AdamW([inner, rest], betas=(0.9, 0.95), fused=True)])
    muon = torch.optim.Muon([inner], adjust_lr_fn="match_rms_adamw")
    return Optimizers([muon, torch.optim.AdamW([rest], betas=(0.9, 0.95), fused=True)])
