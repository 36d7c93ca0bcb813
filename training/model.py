"""The network: transformers' Llama, saved as a plain Hugging Face checkpoint that vLLM serves unchanged."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Self

import torch
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.batches import Batch
from training.config import ModelConfig
from training.rendering import IGNORE
from training.tokenizer import END_OF_TEXT, IM_END, control_id


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A Batch (training/batches.py) on the device that computes."""

    input_ids: torch.Tensor
    positions: torch.Tensor
    documents: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> Self:
        return cls(*(torch.from_numpy(getattr(batch, field.name)).to(device) for field in fields(cls)))


def build_model(shape: ModelConfig, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A model with fresh weights; torch's random state decides which."""
    end, pad = control_id(tokenizer, IM_END), control_id(tokenizer, END_OF_TEXT)
    config = LlamaConfig(
        **shape.model_dump(exclude={"rope_theta"}),
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        bos_token_id=None,
        eos_token_id=[end, pad],
        pad_token_id=pad,
        do_sample=True,
        temperature=0.6,
        top_p=0.9,
        repetition_penalty=1.05,
    )
    return model


def weighted_loss(model: LlamaForCausalLM, batch: TensorBatch, *, compiled: bool = False) -> torch.Tensor:
    """Sum of the cross-entropy (nats) of the batch's targets, each times its weight.

    The output layer is a third of a small model's work, so it runs only where there is a target.
    """
    run, measure = (_compiled(_hidden), _compiled(_cross_entropy)) if compiled else (_hidden, _cross_entropy)
    hidden = run(model, batch.input_ids, batch.positions, batch.documents)
    wanted = torch.nonzero(batch.targets.flatten() != IGNORE).flatten()
    chosen = hidden.flatten(0, 1).index_select(0, wanted)
    return measure(model.lm_head.weight, chosen, batch.targets.flatten()[wanted], batch.weights.flatten()[wanted])


def _hidden(
    model: LlamaForCausalLM, input_ids: torch.Tensor, positions: torch.Tensor, documents: torch.Tensor
) -> torch.Tensor:
    """[rows, tokens, width]; a token sees those before it in its own document."""
    width = input_ids.shape[1]
    same = documents[:, None, :, None] == documents[:, None, None, :]
    earlier = torch.ones(width, width, dtype=torch.bool, device=input_ids.device).tril()
    run = model.model(input_ids=input_ids, attention_mask=same & earlier, position_ids=positions, use_cache=False)
    return run.last_hidden_state


def _cross_entropy(
    output: torch.Tensor, hidden: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    logits = functional.linear(hidden, output).float()
    return (functional.cross_entropy(logits, targets, reduction="none") * weights).sum()


@cache
def _compiled(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Row shapes are few, so each gets code of its own; how many targets a batch has is never the same."""
    return torch.compile(function, dynamic=function is _cross_entropy)


@cache
def device_and_dtype() -> tuple[torch.device, torch.dtype]:
    """bfloat16 where the hardware multiplies it faster: a GPU, some CPUs (tried out, for their names do not tell)."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    seconds = {dtype: _multiply(dtype) for dtype in (torch.float32, torch.bfloat16)}
    return torch.device("cpu"), min(seconds, key=lambda dtype: seconds[dtype])


def _multiply(dtype: torch.dtype) -> float:
    """Seconds of a matrix product as layers have it: the best of three, after one to warm up."""
    left, right = torch.ones(1024, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return min(times[1:])
