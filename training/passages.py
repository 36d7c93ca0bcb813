"""Passages with questions -> conversations as the Ask page has them: the passage once, then question after question.

A passage is cut to a window of sentences that fits, drawn at random. A question whose answer stands in the window is
answered in the words of the passage; one whose answer was cut away, or that belongs to another passage, is refused. To
the questions of people some are added that the passage itself answers word for word: sentences with a gap (Lewis et al.
2019, https://arxiv.org/abs/1906.04980), for copying has to be learned first.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference import prompts
from inference.messages import Message, Role
from inference.sentences import Sentence

QUESTIONS = 6
"""Of a conversation, at most."""
GAPS = 2
"""At most so many of them are sentences with a gap."""

_SENTENCE = re.compile(r"[^。！？!?\n]+?(?:[。！？\n]+[”』」]?|[.!?]+[\"'”’)]*(?=\s|$)\s*|$)", re.DOTALL)
_BLANK = re.compile(
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
            raise ValueError(Sentence("context and question must not be empty"))
        passage.questions.append((row["question"].strip(), tuple(answer.strip() for answer in row["answers"])))
    return list(found.values())


def conversations(
    passages: Sequence[Passage], *, characters: int, variants: int, rng: random.Random, unanswered: float = 1.0
) -> Iterator[tuple[Message, ...]]:
    """One conversation a passage and variant; its passage is at most CHARACTERS long unless one sentence is longer.

    Of the questions that the passage leaves unanswered the share UNANSWERED is asked. A small model cannot tell them
    from the others by their words: where refusing is the likeliest single reply, greedy decoding always refuses.
    """
    for _ in range(variants):
        for passage in passages:
            text = cut(passage, characters, rng)
            question, answers = rng.choice(rng.choice(passages).questions)
            foreign = question not in dict(passage.questions) and not any(answer in text for answer in answers)
            asked = _questions(text, passage, question if foreign else None, unanswered, rng)
            if asked:
                yield _converse(text, asked)


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


def _questions(
    text: str, passage: Passage, stranger: str | None, unanswered: float, rng: random.Random
) -> list[tuple[str, str | None]]:
    """Questions with their answers, None where the text has none; `stranger` is one of another passage."""
    found: list[tuple[str, str | None]] = []
    for question, answers in passage.questions:
        if answer := next((answer for answer in answers if answer in text), None):
            found.append((question, answer))
        elif not answers:
            if rng.random() < unanswered:
                found.append((question, None))
        elif text == passage.text:  # the whole passage: its answer is in other words than the passage has
            found.append((question, answers[0]))
        elif rng.random() < 0.3 * unanswered:
            found.append((question, None))
    rng.shuffle(found)
    found = found[: QUESTIONS - GAPS]
    if stranger and rng.random() < 0.15:
        found.append((stranger, None))
    found += _gaps(text, rng)
    rng.shuffle(found)
    return found


def _gaps(text: str, rng: random.Random) -> list[tuple[str, str]]:
    """Sentences of the text with a gap, each with what belongs there."""
    sentences = [match.group().strip() for match in _SENTENCE.finditer(text)]
    gaps = [(s, found) for s in sentences if len(s) < 200 and (found := list(_BLANK.finditer(s)))]
    chosen = [(sentence, rng.choice(found)) for sentence, found in rng.sample(gaps, min(GAPS, len(gaps)))]
    return [(sentence[: gap.start()] + "____" + sentence[gap.end() :], gap.group()) for sentence, gap in chosen]


def _converse(text: str, questions: Sequence[tuple[str, str | None]]) -> tuple[Message, ...]:
    messages: list[Message] = []
    for question, answer in questions:
        first = prompts.ask(text, questions[0][0])[0] if not messages else Message(Role.USER, question)
        messages.append(first)
        language = "zh" if prompts.is_chinese(questions[0][0]) else "en"
        messages.append(Message(Role.ASSISTANT, answer or prompts.NOT_IN_TEXT[language]))
    return tuple(messages)
