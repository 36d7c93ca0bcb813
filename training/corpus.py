"""All that a run reads, rendered: the documents of every source, and of the evaluation by name."""

import os
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from inference.sentences import Sentence
from training.batches import Batch, Planned, batch_shape, collate, epoch_batches
from training.config import PretrainConfig, SourceConfig, StageConfig
from training.data import load_examples, load_texts
from training.errors import DataError
from training.rendering import Documents, Rendered, render_all
from training.tokenizer import train_tokenizer

MANY_CORES = 8


@dataclass(frozen=True, slots=True)
class Corpus:
    """documents: of each training source, by its content; evaluation: documents by name."""

    config: PretrainConfig
    documents: dict[str, Documents]
    evaluation: dict[str, Documents]

    @property
    def examples(self) -> int:
        return sum(len(documents) for documents in self.documents.values())

    def tokens_per_epoch(self, stage: StageConfig) -> int:
        return round(sum(self._of(source).tokens * source.repeat for source in stage.sources))

    def order(self, stage: int, epoch: int) -> list[Planned]:
        """The batches of an epoch of a stage."""
        sources = self.config.stages[stage].sources
        return epoch_batches(
            [self._of(source).lengths for source in sources],
            [source.repeat for source in sources],
            row_tokens=self.config.rows,
            batch_tokens=self.config.batch_tokens,
            seed=(self.config.seed, stage, epoch),
        )

    def collate(self, stage: int, planned: Planned) -> Batch:
        """The batch itself. Documents are counted through the sources of the stage."""
        width, rows = planned
        configured = self.config.stages[stage]
        every = Joined([self._of(source) for source in configured.sources])
        return collate(
            every,
            rows,
            shape=batch_shape(width, self.config.batch_tokens),
            prompt_weight=configured.prompt_weight,
            reply_weight=lambda place: configured.sources[every.part(place)].weight,
        )

    def evaluation_batches(self, name: str) -> Iterator[Batch]:
        documents = self.evaluation[name]
        rows, tokens = self.config.rows, self.config.batch_tokens
        for width, members in epoch_batches(
            [documents.lengths], [1.0], row_tokens=rows, batch_tokens=tokens, seed=(0,)
        ):
            yield collate(documents, members, shape=batch_shape(width, tokens), prompt_weight=0.0)

    def _of(self, source: SourceConfig) -> Documents:
        return self.documents[_content(source)]


class Joined(Sequence[Rendered]):
    """Several sources counted through."""

    def __init__(self, parts: Sequence[Documents]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1]

    def part(self, place: int) -> int:
        return bisect_right(self._ends, place)

    def __getitem__(self, place: Any) -> Any:
        part = self.part(place)
        return self._parts[part][place - (self._ends[part - 1] if part else 0)]


def learn_tokenizer(config: PretrainConfig, directories: Sequence[Path]) -> PreTrainedTokenizerFast:
    texts = [text for group in tokenizer_texts(config, directories).values() for text in group]
    return train_tokenizer(
        texts, vocab_size=config.model.vocab_size, max_token_length=config.tokenizer.max_token_length
    )


def tokenizer_texts(config: PretrainConfig, directories: Sequence[Path]) -> dict[str, list[str]]:
    """Distinct texts by language, in an order drawn by the seed, as many as the configuration gives each language."""
    found: dict[str, dict[str, None]] = {}
    for source in {_content(source): source for source in config.sources}.values():
        for language, text in load_texts(source, directories):
            found.setdefault(language, {})[text] = None
    rng = random.Random(config.seed)  # noqa: S311 (variety, not secrets)
    return {language: _up_to(list(texts), _budget(config, language), rng) for language, texts in sorted(found.items())}


def _budget(config: PretrainConfig, language: str) -> float:
    return config.tokenizer.characters * config.tokenizer.shares.get(language, 1.0)


def _up_to(texts: list[str], characters: float, rng: random.Random) -> list[str]:
    rng.shuffle(texts)
    for i, text in enumerate(texts):
        characters -= len(text)
        if characters < 0:
            return texts[: i + 1]
    return texts


def render_corpus(config: PretrainConfig, tokenizer: PreTrainedTokenizerFast, directories: Sequence[Path]) -> Corpus:
    """Everything that the configuration reads. A machine of many cores renders several sources at once."""
    sources = {_content(source): source for source in config.sources}
    every = [*sources.values(), *config.evaluation]
    render = partial(_render, seed=config.seed, tokenizer=tokenizer, directories=directories)
    workers = min(len(every), (os.cpu_count() or 1) // 2)
    if workers < MANY_CORES // 2:
        found = [render(source) for source in every]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(render, every))
    names = [source.name for source in config.evaluation]
    return Corpus(
        config,
        dict(zip(sources, found[: len(sources)], strict=True)),
        dict(zip(names, found[len(sources) :], strict=True)),
    )


def _render(
    source: SourceConfig, *, seed: int, tokenizer: PreTrainedTokenizerFast, directories: Sequence[Path]
) -> Documents:
    examples = load_examples(source, directories, seed=seed)
    documents = Documents(row for row in render_all(examples, tokenizer) if len(row) <= source.max_tokens)
    if not len(documents):
        raise DataError(
            Sentence(
                "Nothing is left of %(file)s: check `where`, and max_tokens (%(tokens)s).",
                file=source.file,
                tokens=source.max_tokens,
            )
        )
    return documents


def _content(source: SourceConfig) -> str:
    """What the documents of a source depend on: stages that repeat or weigh a source differently share them."""
    return source.model_dump_json(exclude={"repeat", "weight"})
