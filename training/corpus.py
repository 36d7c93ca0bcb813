"""All that a run reads, rendered: the training rows in the order of their sources, and the evaluation rows by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from training.batches import epoch_batches
from training.config import PretrainConfig, SourceConfig
from training.data import Example, Text, load_examples
from training.errors import DataError
from training.rendering import Rendered, render
from training.tokenizer import train_tokenizer

TOKENIZER_SAMPLE = 200_000
"""Texts the tokenizer learns from: more change little and cost minutes."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """sources: the rows of each training source; repeats: how often an epoch sees each; evaluation: rows by name."""

    sources: list[list[Rendered]]
    repeats: list[float]
    evaluation: dict[str, list[Rendered]]

    @property
    def examples(self) -> int:
        return sum(len(rows) for rows in self.sources)

    @property
    def tokens_per_epoch(self) -> int:
        return round(sum(sum(map(len, rows)) * repeat for rows, repeat in zip(self.sources, self.repeats, strict=True)))

    def batches(
        self, *, batch_tokens: int, seed: int, epoch: int, batch: int
    ) -> Iterator[tuple[int, int, list[Rendered]]]:
        """(epoch, number within the epoch, rows) of every batch from the given place on, without end."""
        rows = [row for source in self.sources for row in source]
        lengths = [[len(row) for row in source] for source in self.sources]
        while True:
            order = epoch_batches(lengths, self.repeats, batch_tokens=batch_tokens, seed=seed, epoch=epoch)
            for number in range(batch, len(order)):
                yield epoch, number, [rows[i] for i in order[number]]
            epoch, batch = epoch + 1, 0


def load_sources(config: PretrainConfig, directories: Sequence[Path]) -> list[list[Example]]:
    return [load_examples(source, directories, seed=config.seed) for source in config.sources]


def learn_tokenizer(sources: Sequence[Sequence[Example]], config: PretrainConfig) -> PreTrainedTokenizerFast:
    texts = [text for examples in sources for example in examples for text in _texts(example)]
    stride = max(1, len(texts) // TOKENIZER_SAMPLE)
    return train_tokenizer(texts[::stride], vocab_size=config.model.vocab_size)


def render_corpus(
    config: PretrainConfig,
    sources: Sequence[Sequence[Example]],
    tokenizer: PreTrainedTokenizerFast,
    directories: Sequence[Path],
) -> Corpus:
    return Corpus(
        [_render(source, examples, tokenizer) for source, examples in zip(config.sources, sources, strict=True)],
        [source.repeat for source in config.sources],
        {
            source.name: _render(source, load_examples(source, directories, seed=config.seed), tokenizer)
            for source in config.evaluation
        },
    )


def _render(source: SourceConfig, examples: Sequence[Example], tokenizer: PreTrainedTokenizerFast) -> list[Rendered]:
    rows = [row for example in examples if len(row := render(example, tokenizer)) <= source.max_tokens]
    if not rows:
        raise DataError(f"Nothing is left of {source.file}: check `where`, and max_tokens ({source.max_tokens}).")
    return rows


def _texts(example: Example) -> list[str]:
    return [example.text] if isinstance(example, Text) else [message.content for message in example.messages]
