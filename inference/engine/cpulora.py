"""LoRA on CPUs, made right and fast: one pair of matrix products for each adapter in the batch.

Stock vLLM 0.32 gathers a copy of an adapter's weights for every token. That is slow (4.5 times the CPU time of a
1500-token prompt), and it is wrong: a row without an adapter carries index -1, which gathers the LAST slot, so that a
reply of the base model comes out of somebody's adapter when both are in one batch (vLLM issue 48421; 0.33 masks the
row, and still gathers). Here the rows of a batch are grouped by slot once a step, and rows without an adapter are in no
group.

The arithmetic is LoRA's (Hu et al. 2021, https://arxiv.org/abs/2106.09685): y += (x Aᵀ · scale) Bᵀ.
"""

from typing import Any

import torch
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU
from vllm.platforms.cpu import CpuPlatform

# Slot of the adapter, and which rows of the batch are its own.
Group = tuple[int, slice | torch.Tensor]


def register() -> None:
    """Make vLLM's CPU platform use GroupedLora. To be called before the engine core is made."""
    CpuPlatform.get_punica_wrapper = classmethod(lambda cls: f"{__name__}.GroupedLora")  # type: ignore[method-assign, assignment]


def group_rows(slots: torch.Tensor) -> list[Group]:
    """slots: for each row its adapter's slot, -1 for none; shape (rows,). Rows that lie together become a slice."""
    groups: list[Group] = []
    for slot in torch.unique(slots).tolist():
        if slot < 0:
            continue
        rows = (slots == slot).nonzero().flatten()
        first, last = int(rows[0]), int(rows[-1])
        together = last - first + 1 == len(rows)
        groups.append((slot, slice(first, last + 1) if together else rows))
    return groups


def _weights(stacked: torch.Tensor, slot: int) -> torch.Tensor:
    """stacked: (slots, out, in) or (slots, 1, out, in)."""
    return stacked[slot] if stacked.dim() == 3 else stacked[slot, 0]


def shrink(x: torch.Tensor, stacked: torch.Tensor, y: torch.Tensor, groups: list[Group], scale: float) -> None:
    """y[:, :rank] = x Aᵀ · scale for the rows of each group; x: (rows, in), y: (rows, at least rank)."""
    for slot, rows in groups:
        a = _weights(stacked, slot)
        y[rows, : a.shape[0]] = (x[rows].to(a.dtype) @ a.t()).to(y.dtype) * scale


def expand(x: torch.Tensor, stacked: torch.Tensor, y: torch.Tensor, groups: list[Group], add: bool) -> None:
    """y += x Bᵀ (or = without add) for the rows of each group. Where their padding differs, the common part counts."""
    for slot, rows in groups:
        b = _weights(stacked, slot)
        width = min(b.shape[0], y.shape[1])
        update = (x[rows].to(b.dtype) @ b.t()).to(y.dtype)[:, :width]
        y[rows, :width] = y[rows, :width] + update if add else update


class GroupedLora(PunicaWrapperCPU):
    """vLLM makes one of these for a model and asks it to apply the adapters in every layer."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._token_groups: list[Group] = []
        self._sampler_groups: list[Group] = []

    def update_metadata(self, *args: Any, **kwargs: Any) -> None:
        super().update_metadata(*args, **kwargs)
        self._token_groups = group_rows(self.token_lora_indices)
        self._sampler_groups = group_rows(self.sampler_indices)

    def _apply_shrink(self, y: torch.Tensor, x: torch.Tensor, w_t_all: torch.Tensor, scale: float) -> None:
        shrink(x, w_t_all, y.view(-1, y.shape[-1]), self._token_groups, scale)

    def _apply_expand(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        w_t_all: torch.Tensor,
        y_offset: int,
        y_slice_size: int,
        add_inputs: bool = True,
    ) -> None:
        expand(x, w_t_all, y[:, y_offset : y_offset + y_slice_size], self._token_groups, add_inputs)

    def add_lora_embedding(
        self, y: torch.Tensor, x: torch.Tensor, lora_b_stacked: torch.Tensor, add_inputs: bool = True, **kwargs: Any
    ) -> None:
        expand(x, lora_b_stacked, y, self._token_groups, add_inputs)

    def add_lora_logits(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: torch.Tensor,
        lora_b_stacked: torch.Tensor,
        scale: float,
        *,
        buffer: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> None:
        x = x.view(-1, x.shape[-1])
        if buffer is None:
            buffer = torch.zeros((x.size(0), lora_b_stacked.size(-1)), dtype=torch.float32, device=x.device)
        shrink(x, lora_a_stacked, buffer, self._sampler_groups, scale)
        expand(buffer, lora_b_stacked, y.view(-1, y.shape[-1]), self._sampler_groups, True)
