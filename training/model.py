"""The network: transformers' Llama, saved as a plain Hugging Face checkpoint that vLLM serves unchanged."""

import torch
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.config import ModelConfig
from training.rendering import IGNORE
from training.tokenizer import END_OF_TEXT, IM_END, control_id


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


def summed_loss(model: LlamaForCausalLM, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum of the cross-entropy (nats) over the labelled tokens of int64 [rows, tokens] tensors.

    The output layer is a third of a small model's work, so it runs at labelled positions only.
    """
    hidden = model.model(input_ids=input_ids, use_cache=False).last_hidden_state
    wanted = labels != IGNORE
    logits = model.lm_head(hidden[wanted])
    return functional.cross_entropy(logits.float(), labels[wanted], reduction="sum")


def device_and_dtype() -> tuple[torch.device, torch.dtype]:
    """bfloat16 where the hardware multiplies it (a GPU, a CPU with AMX); elsewhere float32 is faster."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.device("cpu"), torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
