"""Which sentences of a passage an answer stands on.

Whatever model answered, its words are aligned with the passage: each sentence is weighed by how much of the answer, and
of the question, it says, where rare words and pairs count for more (inverse document frequency, Spärck Jones 1972, with
the passage's sentences as documents). `python -m tests.webapp.ask.measure` measures it.
"""

import math
import re
from collections import defaultdict
from dataclasses import dataclass

from inference.prompts import NOT_IN_TEXT
from webapp.ask.sentences import Sentence, features, split
from webapp.lib.words import normalized

QUESTION = 0.5  # what a question's words count, beside an answer's
EXACT = 0.5  # for a sentence that holds the whole answer
ENOUGH = 0.25  # of an answer's weight must be in a sentence for it to be shown
NEARLY = 0.97  # a sentence that says nearly as much as the best is shown too
SMALL_WORD, SMALL = re.compile(r"[a-z]{1,3}(?: [a-z]{1,3})?$|[\u3040-\u9fff]$"), 0.03  # said nearly everywhere
UNKNOWN = 0.1  # of what the passage does not say at all: a model's own words
MOST = 2  # for each sentence of an answer
LONGEST_REFUSAL = 160  # characters: what is longer says something
SAYS_NO = re.compile(
    r"(?:\bnot|n['’]t|\bno) (?:\w+ ){0,4}(?:in|by|from|within) (?:this|the) (?:text|passage|document|context|article)"
    r"|\b(?:text|passage|document|context|article) (?:does|do|did) ?(?:not|n['’]t)\b"
    r"|(?:文中|文章|文字|文本|原文|本文|短文|材料)(?:里|中|内)?(?:并)?(?:没有|未|没)|(?:没有|未)(?:在)?(?:文中|文章|原文)"
    r"|(?:本文|文章|テキスト)に(?:は)?[^。]{0,20}(?:ません|ない)",
    re.IGNORECASE,
)


def says_no(answer: str) -> bool:
    """Whether a model replied that the answer is not in the text: in our own words, or in others' short ones."""
    plain = " ".join(answer.split()).strip(" *_\"'“”").rstrip(".。")
    if plain in {refusal.rstrip(".。") for refusal in NOT_IN_TEXT.values()}:
        return True
    return len(plain) <= LONGEST_REFUSAL and SAYS_NO.search(plain) is not None


@dataclass(frozen=True, slots=True)
class Support:
    """`sentences`: their numbers, in the passage's order. `absent`: the answer says that it is not in this text."""

    sentences: tuple[int, ...] = ()
    absent: bool = False


class Index:
    """A passage, ready to be asked. Made in time linear to its length."""

    def __init__(self, text: str):
        self.text = text
        self.sentences: list[Sentence] = split(text)
        self.plain = [squeezed(text[s.start : s.end]) for s in self.sentences]
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        for sentence in self.sentences:
            for feature in features(text[sentence.start : sentence.end]):
                self.places[feature].append(sentence.number)

    def weight(self, feature: str) -> float:
        rare = math.log((len(self.sentences) + 1) / (len(self.places.get(feature, ())) + 0.5))
        return rare * (SMALL if SMALL_WORD.match(feature) else 1)

    def scores(self, wanted: set[str]) -> defaultdict[int, float]:
        """How much of what is wanted each sentence says: from above 0 to 1; of those that say nothing, nothing."""
        known = wanted & self.places.keys()
        total = sum(self.weight(feature) * (1 if feature in known else UNKNOWN) for feature in wanted) or 1.0
        found: defaultdict[int, float] = defaultdict(float)
        for feature in known:
            share = self.weight(feature) / total
            for number in self.places[feature]:
                found[number] += share
        return found

    def support(self, question: str, answer: str) -> Support:
        """Of an answer that is still being written, too."""
        if says_no(answer):
            return Support(absent=True)
        asked = self.scores(features(question))
        found: set[int] = set()
        for part in split(answer):
            found.update(self._of(answer[part.start : part.end], asked))
        return Support(tuple(sorted(found)))

    def _of(self, answer: str, asked: defaultdict[int, float]) -> list[int]:
        """The sentences for one sentence of an answer."""
        said = self.scores(features(answer))
        whole = squeezed(answer)
        holds = {number for number, share in said.items() if whole and whole in self.plain[number]}
        fit = {number: share for number, share in said.items() if share >= ENOUGH or number in holds}
        total = {number: share + QUESTION * asked[number] + EXACT * (number in holds) for number, share in fit.items()}
        best = sorted(total, key=lambda number: (-total[number], number))[:MOST]
        return [number for number in best if total[number] >= NEARLY * total[best[0]]]


def squeezed(text: str) -> str:
    """Without what may differ between a passage and its quotation."""
    return "".join(character for character in normalized(text) if character.isalnum())
