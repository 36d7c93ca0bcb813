"""Examples -> the examples of a source as its configuration wants them: some left out, reworded, joined, drawn."""

import random
from collections.abc import Mapping, Sequence

from inference.messages import Message, Role
from training import phrasings
from training.config import SourceConfig
from training.examples import Conversation, Example


def arrange(examples: Sequence[Example], source: SourceConfig, rng: random.Random) -> list[Example]:
    kept = [
        reword(example, source.reworded) for example in examples if not is_excluded(example, source.exclude_replies)
    ]
    return vary(without_duplicates(kept, one_reply=source.kind in ("chat", "intents")), source, rng)


def is_excluded(example: Example, replies: Sequence[str]) -> bool:
    return isinstance(example, Conversation) and any(message.content in replies for message in example.messages)


def reword(example: Example, others: Mapping[str, str]) -> Example:
    if not others or not isinstance(example, Conversation):
        return example
    return Conversation(tuple(Message(m.role, others.get(m.content, m.content)) for m in example.messages))


def without_duplicates(examples: Sequence[Example], *, one_reply: bool) -> list[Example]:
    """One reply to a prompt: a model asked to give two different ones learns neither."""
    first: dict[object, Example] = {}
    for example in examples:
        key = example.messages[:-1] if one_reply and isinstance(example, Conversation) else example
        first.setdefault(key, example)
    return list(first.values())


def vary(examples: list[Example], source: SourceConfig, rng: random.Random) -> list[Example]:
    if source.max_examples is not None and len(examples) > source.max_examples:
        examples = rng.sample(examples, source.max_examples)
    if source.joined:
        examples = [_join(example, examples, rng) if rng.random() < source.joined else example for example in examples]
    if source.with_system:
        examples = [
            _with_system(example, rng) if rng.random() < source.with_system else example for example in examples
        ]
    return examples


def _join(example: Example, others: Sequence[Example], rng: random.Random) -> Example:
    """Small talk has no thread to lose: independent exchanges in a row teach where a turn ends and the next begins."""
    parts = [*rng.sample(others, min(rng.choice((1, 2)), len(others))), example]
    return Conversation(tuple(message for part in parts if isinstance(part, Conversation) for message in part.messages))


def _with_system(example: Example, rng: random.Random) -> Example:
    if not isinstance(example, Conversation) or example.messages[0].role is Role.SYSTEM:
        return example
    return Conversation((Message(Role.SYSTEM, rng.choice(phrasings.SYSTEM)), *example.messages))
