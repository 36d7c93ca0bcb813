"""Of a passage that is longer than a model can read at once, the part that is closest to a question."""

from collections import defaultdict
from collections.abc import Callable

from webapp.ask.sentences import features
from webapp.ask.support import Index

ASCII_A_TOKEN = 2.5  # characters: few, so that hardly any model needs more tokens than we think
OTHERS_A_TOKEN = 1.0
BESIDE = 0.4  # of a sentence's score counts for its neighbours, which say who "he" is
GAP = "\n…\n"

Span = tuple[int, int]


def tokens(text: str) -> int:
    """An upper guess of how many tokens a model makes of a text."""
    plain = sum(map(str.isascii, text))
    return round(plain / ASCII_A_TOKEN + (len(text) - plain) / OTHERS_A_TOKEN) + 1


def closest(index: Index, question: str, most_tokens: int) -> list[Span]:
    """The spans of the passage to read, in its order: the whole of it where that fits."""
    if tokens(index.text) <= most_tokens or not index.sentences:
        return [(0, len(index.text))]
    room = most_tokens
    chosen: set[int] = set()
    for number in sorted(range(len(index.sentences)), key=_rank(index, question)):
        sentence = index.sentences[number]
        cost = tokens(index.text[sentence.start : sentence.end]) + 1
        if cost > room and chosen:
            break
        chosen.add(number)
        room -= cost
    return _joined(index, sorted(chosen))


def read(text: str, spans: list[Span]) -> str:
    return GAP.join(text[start:end] for start, end in spans)


def share(text: str, spans: list[Span]) -> float:
    return sum(end - start for start, end in spans) / max(1, len(text))


def _rank(index: Index, question: str) -> Callable[[int], tuple[float, int]]:
    scores = index.scores(features(question))
    near: defaultdict[int, float] = defaultdict(float)
    for number, score in scores.items():
        near[number] += score
        near[number - 1] += BESIDE * score
        near[number + 1] += BESIDE * score
    return lambda number: (-near[number], number)


def _joined(index: Index, numbers: list[int]) -> list[Span]:
    spans: list[Span] = []
    for number in numbers:
        sentence = index.sentences[number]
        follows = bool(spans) and number > 0 and spans[-1][1] == index.sentences[number - 1].end
        if follows:
            spans[-1] = (spans[-1][0], sentence.end)
        else:
            spans.append((sentence.start, sentence.end))
    return spans
