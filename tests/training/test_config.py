import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training.config import PretrainConfig, load_config
from training.errors import ConfigError


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"learing_rate": 1e-3}, "Unknown field learing_rate: check its spelling or leave it out."),
        ({"learning_rate": 0}, "The field learning_rate is 0: input should be greater than 0."),
        ({"stage": {"sources": [{"kind": "text"}]}}, "The field stages.0.sources.0.file is missing."),
        ({"stage": {"sources": [{"file": "a", "kind": "poem"}]}}, "The field stages.0.sources.0.kind is 'poem'"),
        ({"stage": {"max_minutes": 5}}, "stages.0: give one of max_steps, max_tokens and max_minutes."),
        ({"row_tokens": [64, 100]}, "row_tokens (100) must hold the longest example (120 tokens)"),
        ({"evaluation": [{"file": "a", "kind": "text"}] * 2}, "two evaluation sources have the same file"),
        ({"batch_tokens": 64}, "batch_tokens (64) must hold the longest row (120 tokens)"),
        ({"model": {"num_attention_heads": 4, "num_key_value_heads": 3}}, "must be a multiple of num_key_value_heads"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_field(
    tiny_config: Callable[..., PretrainConfig], changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        tiny_config(**changes)

    assert sentence in str(raised.value)


def test_every_mistake_is_named_at_once(tiny_config: Callable[..., PretrainConfig]) -> None:
    with pytest.raises(ConfigError, match=r"max_grad_norm.*seeds"):
        tiny_config(seeds=1, max_grad_norm=-1)


def test_it_reads_json_and_toml_alike(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'seed = 3\n[[stages]]\nmax_steps = 3\n[[stages.sources]]\nfile = "t"\nkind = "text"\n'
    )
    (tmp_path / "a.json").write_text(
        json.dumps({"seed": 3, "stages": [{"max_steps": 3, "sources": [{"file": "t", "kind": "text"}]}]})
    )

    assert load_config(tmp_path / "a.toml") == load_config(tmp_path / "a.json")


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("max_steps: 3")

    with pytest.raises(ConfigError, match=r"a\.toml is not valid TOML"):
        load_config(tmp_path / "a.toml")


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read: No such file"):
        load_config(tmp_path / "gone.toml")


@pytest.mark.parametrize("path", sorted(Path("training/configs").glob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_of_the_built_in_model_are_valid(path: Path) -> None:
    config = load_config(path)

    assert not {source.file for source in config.sources} & {source.file for source in config.evaluation}
    assert all(".dev." not in source.file for source in config.sources)
