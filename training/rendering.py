"""Example + tokenizer -> input ids and labels. The loss mask is made here, where the text is made.

Conversations come out exactly as the chat template renders them for serving (a test holds the two together); the parts
are encoded one by one because that is ten times faster and shows which token belongs to whom.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from transformers import PreTrainedTokenizerFast

from inference.messages import Message, Role
from training.data import Conversation, Example, Text
from training.tokenizer import CONTROL_TOKENS, END_OF_TEXT, IM_END, IM_START, control_id

IGNORE = -100
"""The label of a token that is not learned (the default of torch.nn.functional.cross_entropy)."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """input_ids and labels, int32 [tokens]; labels[i] is input_ids[i] where the model learns to write it, or IGNORE."""

    input_ids: NDArray[np.int32]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.input_ids)


def render(example: Example, tokenizer: PreTrainedTokenizerFast) -> Rendered:
    return _render_text(example, tokenizer) if isinstance(example, Text) else _render_chat(example, tokenizer)


def _render_text(example: Text, tokenizer: PreTrainedTokenizerFast) -> Rendered:
    boundary = control_id(tokenizer, END_OF_TEXT)
    ids = [boundary, *_encode(defuse(example.text), tokenizer).ids, boundary]
    return _rendered(ids, [IGNORE, *ids[1:]])


def _render_chat(example: Conversation, tokenizer: PreTrainedTokenizerFast) -> Rendered:
    ids: list[int] = []
    labels: list[int] = []
    for message in example.messages:
        turn, learned = _render_message(message, tokenizer)
        ids += turn
        labels += [token if keep else IGNORE for token, keep in zip(turn, learned, strict=True)]
    return _rendered(ids, labels)


def _render_message(message: Message, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[bool]]:
    start, end = control_id(tokenizer, IM_START), control_id(tokenizer, IM_END)
    header = f"{message.role}\n"
    body = _encode(header + defuse(message.content), tokenizer)
    newline = _encode("\n", tokenizer).ids
    is_reply = message.role is Role.ASSISTANT
    learned = [is_reply and offset >= len(header) for offset, _ in body.offsets]
    return [start, *body.ids, end, *newline], [False, *learned, is_reply, *(False for _ in newline)]


def defuse(text: str) -> str:
    """Take apart control tokens that someone wrote in a text, as the chat template does."""
    for token in CONTROL_TOKENS:
        text = text.replace(token, f"<{token[2:-2]}>")
    return text


def _encode(text: str, tokenizer: PreTrainedTokenizerFast) -> Encoding:
    return tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)


def _rendered(ids: list[int], labels: list[int]) -> Rendered:
    return Rendered(np.asarray(ids, dtype=np.int32), np.asarray(labels, dtype=np.int32))
