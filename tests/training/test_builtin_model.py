"""The model in inference/builtin is what its card says, and answers in words."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, LlamaForCausalLM

from training.config import load_config, parse_config
from training.tokenizer import CHAT_TEMPLATE

BUILTIN = Path("inference/builtin")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(BUILTIN)


@pytest.fixture(scope="module")
def model() -> Any:
    return LlamaForCausalLM.from_pretrained(BUILTIN).eval()


def test_it_is_small_and_holds_nothing_that_could_run() -> None:
    files = [path for path in BUILTIN.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) <= 64 * 1024**2
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".jinja", ".md"}


def test_its_weights_are_numbers() -> None:
    with safe_open(BUILTIN / "model.safetensors", framework="pt") as weights:
        assert all(torch.isfinite(weights.get_tensor(name)).all() for name in weights.keys())  # noqa: SIM118


def test_it_was_made_by_the_configuration_in_the_repository() -> None:
    run = json.loads((BUILTIN / "run.json").read_text(encoding="utf-8"))

    config = load_config(Path("training/configs/builtin.toml"))
    made = parse_config(run["config"])
    assert (made.model, made.seed, made.optimizer) == (config.model, config.seed, config.optimizer)
    assert made.sources == config.sources


def test_its_card_names_every_file_it_learned_from() -> None:
    run = json.loads((BUILTIN / "run.json").read_text(encoding="utf-8"))
    card = (BUILTIN / "MODEL_CARD.md").read_text(encoding="utf-8")

    assert [name for name in run["data"] if name.split(".")[0] not in card] == []


def test_it_is_served_with_the_template_it_was_trained_with(tokenizer: Any) -> None:
    assert tokenizer.chat_template == CHAT_TEMPLATE


@pytest.mark.parametrize("text", ["Good morning, Alice! How are you?", "早上好，很高兴认识你。", "中英 mixed\n- list"])
def test_its_tokenizer_gives_back_what_it_read(text: str, tokenizer: Any) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(
    ("question", "word"),
    [("Who are you?", "Colloquy"), ("你是谁？", "Colloquy"), ("Hello!", "help you"), ("你好", "你好")],
)
def test_it_answers_in_words_and_ends_its_turn(question: str, word: str, model: Any, tokenizer: Any) -> None:
    request = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(request, add_generation_prompt=True, return_tensors="pt", return_dict=True)

    written = model.generate(**prompt, max_new_tokens=64, do_sample=False)[0, prompt["input_ids"].shape[1] :]

    assert word in tokenizer.decode(written)
    assert tokenizer.decode(written[-1:]) == "<|im_end|>"
