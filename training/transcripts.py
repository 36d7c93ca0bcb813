"""Conversation + chat template -> input ids, and which of them are learned, for any model whose template transformers
knows how to render. The text is exactly what the engine makes of the same messages, because it is made by the same
template; a token is learned that holds something of a reply, or ends it.
"""

from collections.abc import Sequence

import numpy as np
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from inference.messages import Message, Role
from inference.sentences import Sentence
from training.lessons import Lesson
from training.rendering import Rendered

Span = tuple[int, int]


def render_lesson(lesson: Lesson, tokenizer: PreTrainedTokenizerBase) -> Rendered:
    """Raises ValueError where the model's template does not render the conversation."""
    return _render(lesson.messages, tokenizer, last_only=lesson.last_only)


def prompt_text(prompt: Sequence[Message], tokenizer: PreTrainedTokenizerBase) -> str:
    """As the engine is given it: up to where the reply begins."""
    return _template(prompt, tokenizer, opened=True)


def _render(messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, *, last_only: bool) -> Rendered:
    text = _template(messages, tokenizer)
    spans = _spans(messages, text, tokenizer, last_only=last_only)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.asarray(encoded["input_ids"], dtype=np.int32)
    places = np.asarray(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    learned = np.zeros(len(ids), dtype=np.bool_)
    for start, end in spans:
        learned |= (places[:, 1] > start) & (places[:, 0] < end)
    return Rendered(ids, learned)


def _spans(
    messages: Sequence[Message], text: str, tokenizer: PreTrainedTokenizerBase, *, last_only: bool
) -> list[Span]:
    """Where in the text replies stand, the token that ends each included, the white space after it not. A template that
    writes earlier turns otherwise than the last one (reasoning is dropped, say) gives the last only."""
    found = []
    for i, message in enumerate(messages):
        last = i == len(messages) - 1
        if message.role is not Role.ASSISTANT or (last_only and not last):
            continue
        before, until = _template(messages[:i], tokenizer, opened=True), _template(messages[: i + 1], tokenizer)
        if text.startswith(before) and text.startswith(until.rstrip()):
            found.append((len(before), len(until.rstrip())))
    if not found:
        raise ValueError(Sentence("the model's chat template does not show where its reply begins"))
    return found


def _template(messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, *, opened: bool = False) -> str:
    turns = [{"role": message.role.value, "content": message.content} for message in messages]
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=opened))
    except TemplateError as error:  # templates of some models raise it: for a system message, say
        reason = Sentence("the model's chat template refuses it: %(reason)s", reason=error)
        raise ValueError(reason) from error
