"""Example + tokenizer -> input ids, and which of them are learned. The loss mask is made here, where the text is made.

Conversations come out exactly as the chat template renders them for serving (a test holds the two together); the texts
between control tokens are encoded on their own, many at a time, because that is much faster and shows which token
belongs to whom.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from transformers import PreTrainedTokenizerFast

from inference.messages import Message, Role
from training.examples import Example, Text
from training.tokenizer import CONTROL_TOKENS, control_id

IGNORE = -100
"""The label of a token that is not learned (the default of torch.nn.functional.cross_entropy)."""


BATCH = 4096
"""Examples that are encoded together."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """input_ids, int32 [tokens]; learned, bool [tokens]: what the model is to write, as opposed to what it is given."""

    input_ids: NDArray[np.int32]
    learned: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.input_ids)


class Documents(Sequence[Rendered]):
    """Many rendered examples, end to end in two arrays: millions of small ones would weigh more than what they hold."""

    def __init__(self, rows: Iterable[Rendered]) -> None:
        kept = [(row.input_ids, row.learned) for row in rows]
        self.lengths = np.asarray([len(ids) for ids, _ in kept], dtype=np.int64)
        self._ends = np.cumsum(self.lengths)
        self._ids = np.concatenate([ids for ids, _ in kept]) if kept else np.zeros(0, dtype=np.int32)
        self._learned = np.concatenate([learned for _, learned in kept]) if kept else np.zeros(0, dtype=np.bool_)

    @property
    def tokens(self) -> int:
        return len(self._ids)

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, place: int) -> Rendered: ...

    @overload
    def __getitem__(self, place: slice) -> list[Rendered]: ...

    def __getitem__(self, place: int | slice) -> Rendered | list[Rendered]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        end = self._ends[place]
        start = end - self.lengths[place]
        return Rendered(self._ids[start:end], self._learned[start:end])


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text between control tokens: what is given, then what is learned of it."""

    before: tuple[int, ...]
    given: str
    learned: str
    after: tuple[int, ...]
    learns_end: bool
    """Whether the first token of `after`, which ends the part, is learned."""


def render(example: Example, tokenizer: PreTrainedTokenizerFast) -> Rendered:
    return next(render_all([example], tokenizer))


def render_all(examples: Sequence[Example], tokenizer: PreTrainedTokenizerFast) -> Iterator[Rendered]:
    """Every example in order. Raises KeyError if the tokenizer lacks a control token."""
    marks = Marks.of(tokenizer)
    for start in range(0, len(examples), BATCH):
        parts = [_parts(example, marks) for example in examples[start : start + BATCH]]
        texts = [part.given + part.learned for some in parts for part in some]
        encoded = iter(tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False))
        yield from (_assemble(some, encoded) for some in parts)


@dataclass(frozen=True, slots=True)
class Marks:
    """Ids of the tokens between texts."""

    boundary: int
    start: int
    end: int
    newline: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Self:
        newline = tokenizer.backend_tokenizer.encode("\n", add_special_tokens=False).ids
        boundary, start, end = (control_id(tokenizer, token) for token in CONTROL_TOKENS)
        return cls(boundary, start, end, tuple(newline))


def _parts(example: Example, marks: Marks) -> list[Part]:
    if isinstance(example, Text):
        end = (marks.boundary,)
        return [Part(end, defuse(example.given), defuse(example.text), end, learns_end=True)]
    return [_turn(message, marks) for message in example.messages]


def _turn(message: Message, marks: Marks) -> Part:
    header, content = f"{message.role}\n", defuse(message.content)
    is_reply = message.role is Role.ASSISTANT
    given, learned = (header, content) if is_reply else (header + content, "")
    return Part((marks.start,), given, learned, (marks.end, *marks.newline), learns_end=is_reply)


def defuse(text: str) -> str:
    """Take apart control tokens that someone wrote in a text, as the chat template does."""
    for token in CONTROL_TOKENS:
        text = text.replace(token, f"<{token[2:-2]}>")
    return text


def _assemble(parts: Sequence[Part], encoded: Iterator[Encoding]) -> Rendered:
    ids: list[int] = []
    learned: list[bool] = []
    for part, encoding in zip(parts, encoded):  # noqa: B905 (the encodings of other examples follow)
        given = _count_given(part, encoding)
        ids += (*part.before, *encoding.ids, *part.after)
        learned += [False] * (len(part.before) + given) + [True] * (len(encoding.ids) - given)
        learned += [part.learns_end] + [False] * (len(part.after) - 1)
    return Rendered(np.asarray(ids, dtype=np.int32), np.asarray(learned, dtype=np.bool_))


def _count_given(part: Part, encoding: Encoding) -> int:
    """Tokens that hold nothing of what is learned."""
    if not part.learned:
        return len(encoding.ids)
    return next((i for i, (_, end) in enumerate(encoding.offsets) if end > len(part.given)), len(encoding.ids))
