"""Several processes that train one model: `--processes N` starts them (training/several.py), or torchrun.

Every process has all weights and takes its share of a step's batches; gradients are added up before the weights move,
so all stay alike. One process alone pays nothing.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of how many processes this one is; the first one speaks and writes."""

    rank: int = 0
    world: int = 1

    @classmethod
    def join(cls) -> "Ranks":
        """Meet the other processes, as torchrun's environment names them."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world > 1 and not distributed.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(distributed.get_rank(), world) if world > 1 else cls()

    @classmethod
    def of(cls, trainer: Any) -> "Ranks":
        """Those that a trainer of transformers has met."""
        return cls(trainer.args.process_index, trainer.args.world_size)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def total(self, *values: float) -> list[float]:
        """The sums of VALUES over all processes."""
        if self.world == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=_device())
        distributed.all_reduce(sums)
        return [float(value) for value in sums]

    def add_up(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make every gradient the sum over all processes: one message, as small models have many small ones."""
        if self.world == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def leave(self) -> None:
        if self.world > 1:
            distributed.destroy_process_group()


def _device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
