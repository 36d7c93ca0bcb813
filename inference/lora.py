"""Is this directory a LoRA adapter that our engines can serve with this base model?

The format is PEFT's: adapter_config.json and adapter_model.safetensors
(https://huggingface.co/docs/peft/developer_guides/checkpoint). vLLM refuses what it cannot serve with a 500 in the
middle of loading, and trusts the numbers: so all of it is checked here, with sentences, before an engine sees it.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from .sentences import Sentence
from .versions import CONFIG, WEIGHTS

_TENSOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<part>[AB])(\.weight)?")
# The bits of the exponent: all set in infinity and in what is not a number.
_FLOATS = {"F32": (np.uint32, 0x7F800000), "F16": (np.uint16, 0x7C00), "BF16": (np.uint16, 0x7F80)}
_OPTIONS = {  # of PEFT's LoraConfig, that vLLM does not serve
    "use_dora": Sentence("it is a DoRA adapter (use_dora): train it as plain LoRA"),
    "modules_to_save": Sentence("it brings whole layers of its own (modules_to_save): train it without"),
    "trainable_token_indices": Sentence("it trains tokens of its own (trainable_token_indices): train it without"),
    "lora_bias": Sentence("its layers have biases (lora_bias): train it without"),
    "layer_replication": Sentence("it repeats layers (layer_replication): train it without"),
    "alora_invocation_tokens": Sentence("it is an activated LoRA (alora_invocation_tokens): train it as plain LoRA"),
    "use_qalora": Sentence("it is a QALoRA adapter (use_qalora): train it as plain LoRA"),
    "use_bdlora": Sentence("it is a block-diagonal adapter (use_bdlora): train it as plain LoRA"),
}
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq")  # these start from another base model than the one that is served
_KEEPS_BASE = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")  # vLLM's own list
_EMBEDDINGS = "model.embed_tokens"  # where a model of Llama's family has them


class InvalidAdapter(ValueError):
    """A Sentence for whoever brought the adapter."""


@dataclass(frozen=True, slots=True)
class AdapterInfo:
    """sha256: of its files, hexadecimal; rank: the largest; parameters: how many numbers it holds; size: bytes."""

    sha256: str
    rank: int
    lora_alpha: float
    target_modules: tuple[str, ...]
    parameters: int
    size: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """The shapes of one module's A and B."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    embedding: bool

    @property
    def rank(self) -> int:
        return self.a[0]

    @property
    def weight(self) -> tuple[int, int]:
        """Shape of the base model's weight that it fits."""
        return (self.a[1], self.b[0]) if self.embedding else (self.b[0], self.a[1])


def validate(path: Path, base_model_dir: Path, max_rank: int) -> AdapterInfo:
    """What is in the adapter directory `path`. Raises InvalidAdapter."""
    for name in (CONFIG, WEIGHTS):
        if (path / name).is_symlink() or not (path / name).is_file():
            raise InvalidAdapter(Sentence("It is no adapter: there is no file %(file)s.", file=name))
    config = _read_config(path / CONFIG)
    largest = _check_config(config, max_rank)
    content = (path / WEIGHTS).read_bytes()
    pairs = _read_pairs(content)
    _check_ranks(pairs, config)
    _check_fit(pairs, _read_shapes(base_model_dir))
    return AdapterInfo(
        sha256=_digest((path / CONFIG).read_bytes(), content),
        rank=largest,
        lora_alpha=float(config["lora_alpha"]),
        target_modules=tuple(sorted({module.rpartition(".")[2] for module in pairs})),
        parameters=sum(math.prod(pair.a) + math.prod(pair.b) for pair in pairs.values()),
        size=len(content),
    )


def digest(path: Path) -> str:
    """The SHA-256 of an adapter's files; empty where one is missing."""
    try:
        return _digest((path / CONFIG).read_bytes(), (path / WEIGHTS).read_bytes())
    except OSError:
        return ""


def _digest(config: bytes, weights: bytes) -> str:
    return hashlib.sha256(config + hashlib.sha256(weights).digest()).hexdigest()


def _read_config(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text())
    except (ValueError, RecursionError) as exc:
        raise _damaged(file.name, exc) from exc
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else None
        said = Sentence("It is no LoRA adapter: %(file)s says peft_type %(kind)s.", file=file.name, kind=kind)
        raise InvalidAdapter(said)
    return config


def _check_config(config: dict[str, Any], max_rank: int) -> int:
    """The largest rank."""
    for option, reason in _OPTIONS.items():
        if config.get(option):
            raise _unserved(reason)
    if config.get("bias", "none") != "none":
        reason = Sentence("it trains biases (bias: %(bias)s): train it with bias none", bias=config["bias"])
        raise _unserved(reason)
    _check_start(config.get("init_lora_weights"))
    _check_names(config)
    if not _is_number(config.get("lora_alpha")):
        alpha = repr(config.get("lora_alpha"))
        raise _damaged(CONFIG, Sentence("lora_alpha is %(value)s, not a number", value=alpha))
    ranks = _ranks(config)
    if not all(type(rank) is int and rank > 0 for rank in ranks):
        raise _damaged(CONFIG, Sentence("its ranks are %(ranks)s, not whole numbers above 0", ranks=ranks))
    if (largest := max(ranks)) > max_rank:
        raise InvalidAdapter(
            Sentence(
                "Its rank is %(rank)s, and %(most)s is the most that is served: train it with less.",
                rank=largest,
                most=max_rank,
            )
        )
    return largest


def _check_start(start: object) -> None:
    if not isinstance(start, str) or start.lower() in _KEEPS_BASE:
        return
    if start.lower().startswith(_CHANGES_BASE):
        raise _unserved(
            Sentence("it starts from changed base weights (init_lora_weights: %(start)s)", start=start.lower())
        )
    raise _unserved(Sentence("its init_lora_weights is %(start)s, which the engine does not know", start=start))


def _check_names(config: dict[str, Any]) -> None:
    if "target_modules" not in config:
        raise _damaged(CONFIG, Sentence("it names no target_modules"))
    for name in ("rank_pattern", "alpha_pattern"):
        if not _is_pattern(config.get(name) or {}):
            raise _damaged(CONFIG, Sentence("its %(name)s is no table of layers and numbers", name=name))


def _is_pattern(table: object) -> bool:
    """Numbers by regular expressions that find layers, as PEFT has them."""
    try:
        return isinstance(table, dict) and all(re.compile(key) and _is_number(value) for key, value in table.items())
    except re.error:
        return False


def _ranks(config: dict[str, Any]) -> list[Any]:
    pattern = config.get("rank_pattern") or {}
    return [config.get("r"), *(pattern.values() if isinstance(pattern, dict) else [pattern])]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _read_pairs(content: bytes) -> dict[str, _Pair]:
    """The shapes of A and B by module name, when every tensor has its place and is finite."""
    try:
        tensors = safetensors.deserialize(content)
    except safetensors.SafetensorError as exc:
        raise _damaged(WEIGHTS, exc) from exc
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    embeddings = set()
    for name, tensor in tensors:
        match = _TENSOR.fullmatch(name)
        if not match or len(tensor["shape"]) != 2:
            raise InvalidAdapter(
                Sentence(
                    "It holds %(name)s, which is no LoRA weight of a linear layer: it cannot be served.", name=name
                )
            )
        _check_finite(name, tensor)
        shapes.setdefault(match["module"], {})[match["part"]] = tuple(tensor["shape"])
        embeddings |= {match["module"]} if match["embedding"] else set()
    if not shapes:
        raise InvalidAdapter(Sentence("%(file)s is empty.", file=WEIGHTS))
    return {module: _pair(module, parts, module in embeddings) for module, parts in shapes.items()}


def _pair(module: str, parts: dict[str, tuple[int, ...]], embedding: bool) -> _Pair:
    if len(parts) != 2 or parts["A"][0] != parts["B"][1]:
        raise _damaged(WEIGHTS, Sentence("the A and B of %(module)s do not belong together", module=module))
    return _Pair(parts["A"], parts["B"], embedding)


def _check_finite(name: str, tensor: dict[str, Any]) -> None:
    if tensor["dtype"] not in _FLOATS:
        raise InvalidAdapter(
            Sentence(
                "%(name)s is %(type)s: save the adapter as float32, float16 or bfloat16.",
                name=name,
                type=tensor["dtype"],
            )
        )
    kind, exponent = _FLOATS[tensor["dtype"]]
    bits = np.frombuffer(tensor["data"], kind)
    if ((bits & kind(exponent)) == exponent).any():
        raise InvalidAdapter(
            Sentence("%(name)s holds numbers that are infinite or not numbers: its training went wrong.", name=name)
        )


def _check_ranks(pairs: dict[str, _Pair], config: dict[str, Any]) -> None:
    known = set(_ranks(config))
    for module, pair in pairs.items():
        if pair.rank not in known:
            raise InvalidAdapter(
                Sentence(
                    "The rank of %(module)s is %(rank)s, and %(file)s says %(known)s: it is damaged.",
                    module=module,
                    rank=pair.rank,
                    file=CONFIG,
                    known=sorted(known),
                )
            )


def _check_fit(pairs: dict[str, _Pair], base: dict[str, tuple[int, ...]]) -> None:
    for module, pair in pairs.items():
        if f"{_EMBEDDINGS}.weight" in base and pair.embedding != (module == _EMBEDDINGS):
            raise InvalidAdapter(
                Sentence("It changes %(module)s as another kind of layer than that is: it is damaged.", module=module)
            )
        weight = base.get(f"{module}.weight")
        if weight is None and module == "lm_head":  # tied to the embeddings
            weight = base.get(f"{_EMBEDDINGS}.weight")
        if weight != pair.weight:
            has = Sentence("has one of %(shape)s", shape=_times(weight)) if weight is not None else Sentence("has none")
            raise InvalidAdapter(
                Sentence(
                    "It was made for another base model: it changes a %(module)s of %(shape)s, "
                    "and the model that is served %(has)s.",
                    module=module,
                    shape=_times(pair.weight),
                    has=has,
                )
            )


def _damaged(file: str, reason: object) -> InvalidAdapter:
    return InvalidAdapter(Sentence("%(file)s is damaged: %(reason)s.", file=file, reason=reason))


def _unserved(reason: Sentence) -> InvalidAdapter:
    return InvalidAdapter(Sentence("It cannot be served: %(reason)s.", reason=reason))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _read_shapes(model: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every weight of a base model, from the headers of its files."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in model.glob("*.safetensors"):
        with safetensors.safe_open(file, framework="numpy") as tensors:
            shapes |= {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    if not shapes:
        raise FileNotFoundError(f"There is no base model in {model}.")
    return shapes
