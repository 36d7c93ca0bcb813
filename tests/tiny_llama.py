"""A tiny random Llama and random LoRA adapters for it, written without torch in a few milliseconds.

Every printable ASCII character is one token, so that a reply may be cut anywhere and the cut is at a token's edge.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

SPECIAL = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
CHARACTERS = [chr(code) for code in range(32, 127)] + ["\n"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Tensors = dict[str, np.ndarray]
HIDDEN, LAYERS, HEADS, KV_HEADS, INNER = 128, 2, 4, 2, 256  # vLLM wants heads of 32 on a CPU


def write_model(path: Path, *, seed: int = 0, context: int = 1024) -> Path:
    """A Llama of 2 layers in `path`: config, tokenizer with a chat template, weights in float32."""
    path.mkdir(parents=True)
    vocabulary = len(SPECIAL) + len(CHARACTERS)
    _write_json(path / "config.json", _config(vocabulary, context))
    _write_json(path / "tokenizer_config.json", _tokenizer_config())
    _write_json(path / "tokenizer.json", _tokenizer())
    save_file(_weights(np.random.default_rng(seed), vocabulary), path / "model.safetensors", {"format": "pt"})
    return path


def write_adapter(
    path: Path, base: Path, *, seed: int, rank: int = 8, tensors: Tensors | None = None, **options: object
) -> Path:
    """A LoRA adapter for the attention of the model in `base`, random and strong enough that its replies differ.

    options change its adapter_config.json; tensors replace its weights.
    """
    path.mkdir(parents=True)
    save_file(tensors or adapter_weights(base, seed, rank), path / "adapter_model.safetensors", {"format": "pt"})
    _write_json(path / "adapter_config.json", _adapter_config(rank) | options)
    return path


def adapter_weights(base: Path, seed: int, rank: int = 8) -> Tensors:
    random = np.random.default_rng(seed)
    tensors = {}
    for name, (rows, columns) in _shapes(base).items():
        if name.endswith(("q_proj.weight", "v_proj.weight", "o_proj.weight")):
            stem = "base_model.model." + name.removesuffix(".weight")
            tensors[f"{stem}.lora_A.weight"] = _normal(random, rank, columns) / np.float32(np.sqrt(columns))
            tensors[f"{stem}.lora_B.weight"] = _normal(random, rows, rank)  # strong
    return tensors


def _shapes(model: Path) -> dict[str, tuple[int, int]]:
    """The shape of every matrix of a model."""
    with safe_open(model / "model.safetensors", framework="numpy") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    return {name: (shape[0], shape[1]) for name, shape in shapes.items() if len(shape) == 2}


def _adapter_config(rank: int) -> dict[str, object]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 4 * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "use_dora": False,
        "use_rslora": False,
        "modules_to_save": None,
        "rank_pattern": {},
        "target_modules": ["q_proj", "v_proj", "o_proj"],
    }


def _config(vocabulary: int, context: int) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": context,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "dtype": "float32",
    }


def _tokenizer_config() -> dict[str, object]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|pad|>",
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
    }


def _tokenizer() -> dict[str, object]:
    tokens = SPECIAL + CHARACTERS
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": token} | flags for i, token in enumerate(SPECIAL)],
        "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": [], "unk_token": "?"},
        "decoder": {"type": "Fuse"},
    }


def _weights(random: np.random.Generator, vocabulary: int) -> Tensors:
    kv = HIDDEN // HEADS * KV_HEADS
    shapes = {"self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (kv, HIDDEN), "self_attn.v_proj": (kv, HIDDEN)}
    shapes |= {"self_attn.o_proj": (HIDDEN, HIDDEN), "mlp.gate_proj": (INNER, HIDDEN), "mlp.up_proj": (INNER, HIDDEN)}
    shapes |= {"mlp.down_proj": (HIDDEN, INNER)}
    tensors = {"model.embed_tokens.weight": _normal(random, vocabulary, HIDDEN)}
    tensors["lm_head.weight"] = _normal(random, vocabulary, HIDDEN)
    tensors["lm_head.weight"][: len(SPECIAL)] = 0  # it never stops by itself
    tensors["model.norm.weight"] = np.ones(HIDDEN, np.float32)
    for layer in range(LAYERS):
        for name, (rows, columns) in shapes.items():
            scale = np.float32(1 / np.sqrt(columns))
            tensors[f"model.layers.{layer}.{name}.weight"] = _normal(random, rows, columns) * scale
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = np.ones(HIDDEN, np.float32)
    return tensors


def _normal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return random.standard_normal((rows, columns), dtype=np.float32)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))
