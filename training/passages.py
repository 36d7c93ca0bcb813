"""Passages with questions -> conversations as the Ask page has them: the passage once, then question after question.

A passage is cut to a window of sentences that fits, drawn at random. A question whose answer stands in the window is
answered in the words of the passage; one whose answer was cut away, or that belongs to another passage, is refused. To
the questions of people one is added that the passage itself answers word for word: a sentence with a gap (Lewis et al.
2019, https://arxiv.org/abs/1906.04980), for copying has to be learned first.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference import prompts
from inference.messages import Message, Role

QUESTIONS = 4
"""Of a conversation, at most."""

_SENTENCE = re.compile(r"[^。！？!?\n]+?(?:[。！？\n]+[”』」]?|[.!?]+[\"'”’)]*(?=\s|$)\s*|$)", re.DOTALL)
_GAPS = re.compile(
    r"(?<=[a-z,;] )(?:[A-Z][\w'’-]+(?: (?:of |the |and )*[A-Z][\w'’-]+)*|\d[\d,.]*\d|\d)"  # names and numbers
    r"|\d+[年月日个名万亿人]|《[^》]{2,12}》|“[^”]{2,12}”|(?<=[在由为和是])[\u4e00-\u9fff]{2,4}(?=[的、，。])"
)


@dataclass(slots=True)
class Passage:
    """A text and its questions, each with its answers; none where the text does not answer it."""

    text: str
    questions: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def group(rows: Iterable[Mapping[str, Any]]) -> list[Passage]:
    """Rows of kind "qa" by their context, in order. Raises KeyError, TypeError or ValueError for a row that is none."""
    found: dict[str, Passage] = {}
    for row in rows:
        passage = found.setdefault(row["context"], Passage(row["context"].strip()))
        if not passage.text or not row["question"].strip():
            raise ValueError("context and question must not be empty")
        passage.questions.append((row["question"].strip(), tuple(answer.strip() for answer in row["answers"])))
    return list(found.values())


def conversations(
    passages: Sequence[Passage], *, characters: int, variants: int, rng: random.Random
) -> Iterator[tuple[Message, ...]]:
    """One conversation a passage and variant; its passage is at most CHARACTERS long unless one sentence is longer."""
    for _ in range(variants):
        for passage in passages:
            text = cut(passage, characters, rng)
            question, answers = rng.choice(rng.choice(passages).questions)
            foreign = question not in dict(passage.questions) and not any(answer in text for answer in answers)
            yield _converse(text, _questions(text, passage, question if foreign else None, rng))


def cut(passage: Passage, characters: int, rng: random.Random) -> str:
    """A window of whole sentences that holds an answer of the passage, where it has one."""
    if len(passage.text) <= characters:
        return passage.text
    sentences = [match.group() for match in _SENTENCE.finditer(passage.text)]
    answers = [answer for _, answers in passage.questions for answer in answers[:1]]
    wanted = rng.choice(answers) if answers else ""
    holding = [i for i, sentence in enumerate(sentences) if wanted in sentence] or [0]
    first = last = rng.choice(holding)
    while True:
        sides = [s for s in ((first - 1, last), (first, last + 1)) if s[0] >= 0 and s[1] < len(sentences)]
        sides = [s for s in sides if sum(map(len, sentences[s[0] : s[1] + 1])) <= characters]
        if not sides:
            return "".join(sentences[first : last + 1]).strip()
        first, last = rng.choice(sides)


def _questions(text: str, passage: Passage, stranger: str | None, rng: random.Random) -> list[tuple[str, str | None]]:
    """Questions with their answers, None where the text has none; `stranger` is one of another passage."""
    found: list[tuple[str, str | None]] = []
    for question, answers in passage.questions:
        if not answers or any(answer in text for answer in answers):
            found.append((question, next((answer for answer in answers if answer in text), None)))
        elif text == passage.text:  # the whole passage: its answer is in other words than the passage has
            found.append((question, answers[0]))
        elif rng.random() < 0.3:
            found.append((question, None))
    rng.shuffle(found)
    found = found[: QUESTIONS - 1]
    if stranger and rng.random() < 0.15:
        found.append((stranger, None))
    if gap := _gap(text, rng):
        found.append(gap)
    rng.shuffle(found)
    return found or [(stranger or passage.questions[0][0], None)]


def _gap(text: str, rng: random.Random) -> tuple[str, str] | None:
    """A sentence of the text with a gap, and what belongs there."""
    sentences = [match.group().strip() for match in _SENTENCE.finditer(text)]
    gaps = [(s, match) for s in sentences if len(s) < 200 for match in _GAPS.finditer(s)]
    if not gaps:
        return None
    sentence, match = rng.choice(gaps)
    return sentence[: match.start()] + "____" + sentence[match.end() :], match.group()


def _converse(text: str, questions: Sequence[tuple[str, str | None]]) -> tuple[Message, ...]:
    messages: list[Message] = []
    for question, answer in questions:
        first = prompts.ask(text, questions[0][0])[0] if not messages else Message(Role.USER, question)
        messages.append(first)
        language = "zh" if prompts.is_chinese(questions[0][0]) else "en"
        messages.append(Message(Role.ASSISTANT, answer or prompts.NOT_IN_TEXT[language]))
    return tuple(messages)
