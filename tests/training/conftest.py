"""A corpus of a few rows and a model of a few thousand weights: real runs that take seconds."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from training.config import PretrainConfig, parse_config

GREETINGS = [
    ("Hello!", "Hello! How can I help you?"),
    ("Good morning, Bob.", "Good morning! Did you sleep well?"),
    ("你好！", "你好，很高兴见到你。"),
    ("今天天气怎么样？", "今天天气很好，我们去公园吧。"),
]


SOURCES = [
    {"file": "chat.jsonl", "kind": "chat", "joined": 0.5, "max_tokens": 120},
    {"file": "text.jsonl", "kind": "text", "repeat": 0.5, "max_tokens": 120},
]

WriteRows = Callable[[Path, Sequence[Mapping[str, object]]], None]


@pytest.fixture
def write_rows() -> WriteRows:
    """write_rows(path, rows) writes a JSON object a line."""

    def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    return write


@pytest.fixture
def corpus(tmp_path: Path, write_rows: WriteRows) -> Path:
    """A directory with a file of each kind."""
    directory = tmp_path / "corpus"
    directory.mkdir()
    chats = [
        {
            "messages": [{"role": "user", "content": f"{ask} {i}"}, {"role": "assistant", "content": answer}],
            "lang": "en",
        }
        for i in range(12)
        for ask, answer in GREETINGS
    ]
    write_rows(directory / "chat.jsonl", chats)
    write_rows(directory / "text.jsonl", [{"text": f"{answer} {i}"} for i in range(12) for _, answer in GREETINGS])
    pair = {"src_lang": "en", "tgt_lang": "zh", "src": "Good morning.", "tgt": "早上好。"}
    write_rows(directory / "translation.jsonl", [pair])
    return directory


@pytest.fixture
def tiny_config() -> Callable[..., PretrainConfig]:
    """A configuration over the corpus fixture; arguments replace fields of its stage and its own."""

    def build(stage: Mapping[str, object] | None = None, **changes: object) -> PretrainConfig:
        shape = {"vocab_size": 320, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": 128}
        values: dict[str, object] = {
            "model": shape | heads,
            "stages": [{"sources": SOURCES, "end_rate": 0.0, "max_steps": 12, **(stage or {})}],
            "evaluation": [{"file": "text.jsonl", "kind": "text", "max_tokens": 120}],
            "batch_tokens": 256,
            "warmup_steps": 2,
            "log_every": 1,
            "evaluate_every": 5,
        }
        return parse_config(values | changes)

    return build
