"""A model is measured through the real engine, and what was measured stands beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from training import probes
from training.config import PretrainConfig
from training.evaluate import evaluate
from training.pretrain import pretrain
from training.probes import Development

WriteRows = Callable[[Path, Sequence[Mapping[str, object]]], None]

PASSAGES = {
    "en": [("Alice lives in Rome.", "Where does Alice live?", "Rome"), ("Tea is hot.", "What is hot?", "Tea")],
    "zh": [("张三住在北京。", "张三住在哪里？", "北京"), ("水是热的。", "什么是热的？", "水")],
}
TEXTS: dict[str, Mapping[str, object]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]},
    "story": {"text": "Once there was a cat named Tom."},
    "text": {"text": "The sea is wide."},
}


@pytest.fixture
def development(tmp_path: Path, write_rows: WriteRows) -> Path:
    """Every development file, with two or three rows."""
    directory = tmp_path / "corpus"
    directory.mkdir(exist_ok=True)
    for file, kind in probes.CORPORA.values():
        if kind in TEXTS:
            write_rows(directory / f"{file}.dev.jsonl", [TEXTS[kind], TEXTS[kind]])
    for language in probes.TRANSLATION:
        there = {"src_lang": "en", "tgt_lang": language, "src": "Good morning.", "tgt": "早上好。"}
        back = {
            "src_lang": language,
            "tgt_lang": "en",
            "src": "早上好。",
            "tgt": "Good day.",
            "refs": ["Good day.", "Hi."],
        }
        write_rows(directory / f"tr_tatoeba_en-{language}.dev.jsonl", [there, back])
    for file, language in probes.QUESTIONS.values():
        rows = [{"context": c, "question": q, "answers": [a], "lang": language} for c, q, a in PASSAGES[language]]
        write_rows(directory / f"{file}.dev.jsonl", rows)
    for file in probes.SENTIMENT.values():
        labels = ("positive", "negative", "neutral")
        write_rows(directory / f"{file}.dev.jsonl", [{"text": f"It was {x}.", "label": x} for x in labels])
    return directory


def test_a_model_is_measured_as_its_users_get_it(
    corpus: Path, development: Path, tmp_path: Path, tiny_config: Callable[..., PretrainConfig]
) -> None:
    shape = tiny_config().model.model_dump() | {"max_position_embeddings": 512}
    pretrain(tiny_config({"max_steps": 2}, model=shape), directories=[corpus], out=tmp_path)
    model = tmp_path / "model"

    results = evaluate(model, development)

    assert json.loads((model / "evaluation.json").read_text(encoding="utf-8")) == json.loads(json.dumps(results))
    assert results["translation"].keys() >= {"zh-en", "en-zh", "fr-en", "en-ja"}
    assert {score["sentences"] for score in results["translation"].values()} == {1}
    assert results["qa"]["squad"].keys() == {"f1", "em", "questions", "refused", "refused_wrongly"}
    assert results["sentiment"]["rt-polarity"]["texts"] == 3
    assert results["chat"]["replies"] == len(results["replies"]) == 40
    assert all(
        200 < score["perplexity"] < 500 for score in results["perplexity"].values()
    )  # two steps: it knows nothing
    assert "| translation | zh-en, 1 sentences |" in (model / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_forty_conversations_end_with_a_person() -> None:
    spoken = probes.spoken()

    assert len(spoken) == len(set(spoken)) == 40
    assert {messages[-1].role.value for messages in spoken} == {"user"}


def test_a_question_without_its_own_passage_is_one_that_the_text_does_not_answer(development: Path) -> None:
    answered, open_ones = Development([development]).questions("squad")

    assert [probe.wanted for probe in answered] == [("Rome",), ("Tea",)]
    assert [probe.wanted for probe in open_ones] == [(), ()]
    assert "Tea is hot." in open_ones[0].messages[0].content
    assert "Where does Alice live?" in open_ones[0].messages[0].content


def test_a_limit_draws_the_same_probes_every_time(development: Path) -> None:
    def drawn() -> list[Any]:
        return Development([development], limit=2).sentiment("pros-cons")

    assert len(drawn()) == 2
    assert drawn() == drawn()
