"""The adapter store: what it takes in, what it refuses and why, and that a version never changes."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.adapters import AdapterStore, InvalidAdapter, validate, version_name
from tests.tiny_llama import adapter_weights, write_adapter, write_model

Q_PROJ = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", base, seed=1, rank=8)


@pytest.fixture
def store(tmp_path: Path) -> AdapterStore:
    return AdapterStore(tmp_path / "store")


def test_it_says_what_is_in_an_adapter(adapter: Path, base: Path) -> None:
    info = validate(adapter, base, max_rank=8)
    assert (info.rank, info.lora_alpha, info.target_modules) == (8, 32.0, ("o_proj", "q_proj", "v_proj"))
    assert info.parameters == 2 * (2 * (8 * 128 + 128 * 8) + (8 * 128 + 64 * 8))
    assert len(info.sha256) == 64


def test_adapters_that_differ_have_different_digests(base: Path, tmp_path: Path) -> None:
    digests = set()
    for seed, alpha in ((1, 8), (1, 16), (2, 8)):
        path = write_adapter(tmp_path / f"{seed}-{alpha}", base, seed=seed, lora_alpha=alpha)
        digests.add(validate(path, base, 8).sha256)
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "no LoRA adapter: .* peft_type PROMPT_TUNING"),
        ({"use_dora": True}, "DoRA"),
        ({"r": 16}, "rank is 16, and 8 is the most"),
        ({"rank_pattern": {"q_proj": 32}}, "rank is 32, and 8 is the most"),
        ({"rank_pattern": [1]}, "damaged"),
        ({"r": "8"}, "damaged: its ranks"),
        ({"r": 0}, "damaged: its ranks"),
        ({"r": 4}, "rank of .* is 8, and adapter_config.json says"),
        ({"lora_alpha": "much"}, "damaged: lora_alpha"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [5]}, "trainable_token_indices"),
        ({"bias": "lora_only"}, "trains biases"),
        ({"lora_bias": True}, "have biases"),
        ({"init_lora_weights": "pissa_niter_4"}, "changed base weights"),
        ({"init_lora_weights": "magic"}, "init_lora_weights is magic, which the engine does not know"),
        ({"alpha_pattern": {"q_proj": "much"}}, "damaged: its alpha_pattern is no table"),
        ({"alpha_pattern": [8]}, "damaged: its alpha_pattern is no table"),
        ({"rank_pattern": {"(": 8}}, "damaged: its rank_pattern is no table"),
    ],
)
def test_what_the_engines_cannot_serve_is_refused_with_its_reason(
    base: Path, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    path = write_adapter(tmp_path / "a", base, seed=1, rank=8, **options)
    with pytest.raises(InvalidAdapter, match=sentence):
        validate(path, base, max_rank=8)


def refuse(base: Path, place: Path, tensors: dict[str, np.ndarray], sentence: str) -> None:
    path = write_adapter(place, base, seed=1, tensors=tensors)
    with pytest.raises(InvalidAdapter, match=sentence):
        validate(path, base, max_rank=64)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_weights_that_are_no_numbers_are_refused(base: Path, tmp_path: Path, bad: float, kind: type) -> None:
    tensors: dict[str, np.ndarray] = {name: tensor.astype(kind) for name, tensor in adapter_weights(base, 1).items()}
    tensors[f"{Q_PROJ}.lora_A.weight"][3, 5] = bad
    refuse(base, tmp_path / "a", tensors, f"{Q_PROJ}.*not numbers")


def test_weights_of_whole_numbers_are_refused(base: Path, tmp_path: Path) -> None:
    tensors = adapter_weights(base, 1)
    tensors[f"{Q_PROJ}.lora_A.weight"] = np.ones((8, 128), np.int32)
    refuse(base, tmp_path / "a", tensors, "is I32: save the adapter as float32")


def test_half_a_pair_is_refused(base: Path, tmp_path: Path) -> None:
    tensors = adapter_weights(base, 1)
    del tensors[f"{Q_PROJ}.lora_B.weight"]
    refuse(base, tmp_path / "a", tensors, "do not belong together")


def test_weights_that_are_not_lora_are_refused(base: Path, tmp_path: Path) -> None:
    tensors = adapter_weights(base, 1) | {f"{Q_PROJ}.lora_magnitude_vector": np.ones((1, 1), np.float32)}
    refuse(base, tmp_path / "a", tensors, "no LoRA weight")


def test_an_adapter_of_another_model_is_refused(base: Path, tmp_path: Path) -> None:
    tensors = adapter_weights(base, 1)
    tensors[f"{Q_PROJ}.lora_A.weight"] = np.ones((8, 256), np.float32)
    refuse(base, tmp_path / "a", tensors, "another base model: .* 128 x 256, .* has one of 128 x 128")
    tensors = {name.replace("layers.1", "layers.9"): tensor for name, tensor in adapter_weights(base, 1).items()}
    refuse(base, tmp_path / "b", tensors, "another base model: .* has none")


def test_an_adapter_of_the_embeddings_and_the_head_is_taken(base: Path, tmp_path: Path) -> None:
    ones = {"embed": (99, 128), "head": (128, 99)}
    tensors = {
        "base_model.model.model.embed_tokens.lora_embedding_A": np.ones((8, ones["embed"][0]), np.float32),
        "base_model.model.model.embed_tokens.lora_embedding_B": np.ones((ones["embed"][1], 8), np.float32),
        "base_model.model.lm_head.lora_A.weight": np.ones((8, ones["head"][0]), np.float32),
        "base_model.model.lm_head.lora_B.weight": np.ones((ones["head"][1], 8), np.float32),
    }
    path = write_adapter(tmp_path / "a", base, seed=1, tensors=tensors)
    assert validate(path, base, 8).target_modules == ("embed_tokens", "lm_head")


def test_a_configuration_that_names_no_layers_is_refused(adapter: Path, base: Path) -> None:
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text())
    del config["target_modules"]
    file.write_text(json.dumps(config))
    with pytest.raises(InvalidAdapter, match="it names no target_modules"):
        validate(adapter, base, 8)


def test_weights_for_another_kind_of_layer_are_refused(base: Path, tmp_path: Path) -> None:
    stem = "base_model.model.model.embed_tokens.lora_"
    linear = {f"{stem}A.weight": np.ones((8, 128), np.float32), f"{stem}B.weight": np.ones((99, 8), np.float32)}
    refuse(base, tmp_path / "a", linear, "model.embed_tokens as another kind of layer")
    names = {"lora_A.weight": "lora_embedding_A", "lora_B.weight": "lora_embedding_B"}
    one = {name: tensor for name, tensor in adapter_weights(base, 1).items() if Q_PROJ in name}
    table = {name.replace(old, names[old]): t for name, t in one.items() for old in names if name.endswith(old)}
    refuse(base, tmp_path / "b", table, "q_proj as another kind of layer")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_a_linked_and_a_damaged_file_are_refused(
    adapter: Path, base: Path, tmp_path: Path, name: str
) -> None:
    file = adapter / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-7])
    with pytest.raises(InvalidAdapter, match=f"{name} is damaged"):
        validate(adapter, base, 8)
    file.unlink()
    with pytest.raises(InvalidAdapter, match=f"no file {name}"):
        validate(adapter, base, 8)
    (tmp_path / "elsewhere").write_bytes(whole)
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidAdapter, match=f"no file {name}"):
        validate(adapter, base, 8)


def test_an_empty_adapter_is_refused(adapter: Path, base: Path) -> None:
    (adapter / "adapter_model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(InvalidAdapter, match="empty"):
        validate(adapter, base, 8)


def test_pickled_weights_are_not_looked_at(adapter: Path, base: Path) -> None:
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(InvalidAdapter, match=r"no file adapter_model.safetensors"):
        validate(adapter, base, 8)


def test_a_version_is_stored_once_read_only_and_under_its_digest(
    store: AdapterStore, adapter: Path, base: Path
) -> None:
    info = store.add(adapter, base, max_rank=8)
    assert store.add(adapter, base, max_rank=8) == info
    assert store.versions() == {info.sha256}
    kept = store.path(info.sha256)
    assert kept.is_absolute()
    assert validate(kept, base, max_rank=8) == info
    assert [file.stat().st_mode & 0o222 for file in (kept, *kept.iterdir())] == [0, 0, 0]


def test_a_version_does_not_change_with_its_source(store: AdapterStore, adapter: Path, base: Path) -> None:
    info = store.add(adapter, base, max_rank=8)
    for file in adapter.iterdir():
        file.write_bytes(b"something else")
    assert validate(store.path(info.sha256), base, max_rank=8) == info


def test_only_what_was_asked_for_is_stored_beside_it(store: AdapterStore, adapter: Path, base: Path) -> None:
    (adapter / "run.json").write_text(json.dumps({"learning_rate": 1e-4}))
    (adapter / "training_args.bin").write_bytes(b"pickle")
    info = store.add(adapter, base, max_rank=8, extra=("run.json",))
    names = {file.name for file in store.path(info.sha256).iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "run.json"}


def test_what_is_refused_leaves_nothing_behind(store: AdapterStore, adapter: Path, base: Path) -> None:
    with pytest.raises(InvalidAdapter):
        store.add(adapter, base, max_rank=4)
    assert os.listdir(store.root) == []


def test_a_removed_version_is_gone_and_removing_it_again_is_no_error(
    store: AdapterStore, adapter: Path, base: Path
) -> None:
    info = store.add(adapter, base, max_rank=8)
    for _ in range(2):
        store.remove(info.sha256)
    assert os.listdir(store.root) == []
    with pytest.raises(FileNotFoundError):
        store.path(info.sha256)


@pytest.mark.parametrize("sha256", ["", "..", "../../etc", "A" * 64])
def test_what_is_no_digest_names_no_path(store: AdapterStore, sha256: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        store.path(sha256)


def test_a_version_is_named_by_its_slug_and_its_digest() -> None:
    assert version_name("support", "3f9c1a" + "0" * 58) == "support@3f9c1a000000"
    for slug in ("", "Support", "a b", "../x", "a@b", "-a", "a" * 64):
        with pytest.raises(ValueError, match="no adapter's name"):
            version_name(slug, "0" * 64)
