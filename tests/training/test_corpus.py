"""What a run reads, rendered and counted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from training import corpus as module
from training.config import PretrainConfig
from training.corpus import learn_tokenizer, render_corpus
from training.rendering import Documents
from training.rows import kind_of

Build = Callable[..., PretrainConfig]


def test_documents_are_those_that_were_put_in(corpus: Path, tiny_config: Build) -> None:
    config = tiny_config()
    tokenizer = learn_tokenizer(config, [corpus])

    (documents,) = render_corpus(config, tokenizer, [corpus]).evaluation.values()
    again = Documents(documents[i] for i in range(len(documents)))

    assert len(documents) == 48
    assert documents.tokens == sum(len(document) for document in documents) == documents.lengths.sum()
    assert [row.input_ids.tolist() for row in documents] == [row.input_ids.tolist() for row in again[:]]


def test_a_machine_of_many_cores_reads_the_same(
    corpus: Path, tiny_config: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config()
    tokenizer = learn_tokenizer(config, [corpus])
    alone = render_corpus(config, tokenizer, [corpus])

    monkeypatch.setattr(module, "MANY_CORES", 0)
    together = render_corpus(config, tokenizer, [corpus])

    assert together.order(0, 0) == alone.order(0, 0)
    for planned in alone.order(0, 0):
        first, second = alone.collate(0, planned), together.collate(0, planned)
        assert (first.input_ids == second.input_ids).all()
        assert (first.weights == second.weights).all()


def test_an_epoch_has_the_tokens_that_it_says(corpus: Path, tiny_config: Build) -> None:
    config = tiny_config()
    found = render_corpus(config, learn_tokenizer(config, [corpus]), [corpus])

    batches = [found.collate(0, planned) for planned in found.order(0, 0)]
    documents = 48 + 24  # all of the chats, half of the texts
    assert sum(batch.tokens for batch in batches) + documents == pytest.approx(
        found.tokens_per_epoch(config.stages[0]), rel=0.02
    )


def test_the_replies_of_a_source_count_as_much_as_it_says(corpus: Path, tiny_config: Build) -> None:
    chat = {"file": "chat.jsonl", "kind": "chat", "max_tokens": 120}
    text = {"file": "text.jsonl", "kind": "text", "max_tokens": 120}
    config = tiny_config({"sources": [text, chat | {"weight": 3.0}]})
    found = render_corpus(config, learn_tokenizer(config, [corpus]), [corpus])

    batches = [found.collate(0, planned) for planned in found.order(0, 0)]

    learned = [sum(int((batch.weights == weight).sum()) for batch in batches) for weight in (1.0, 3.0)]
    texts, chats = (found.documents[source] for source in found.documents)
    assert learned == [sum(int(row.learned[1:].sum()) for row in rows[:]) for rows in (texts, chats)]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (("messages",), "chat"),
        (("text",), "text"),
        (("text", "label"), "sentiment"),
        (("src", "tgt", "src_lang", "tgt_lang", "refs"), "translation"),
        (("context", "question", "answers"), "qa"),
        (("prompts", "replies"), "intents"),
        (("something",), None),
    ],
)
def test_a_row_tells_its_kind_by_its_fields(fields: tuple[str, ...], kind: str | None) -> None:
    assert kind_of(dict.fromkeys(fields, "x")) == kind
