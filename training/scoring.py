"""How good replies are, as numbers. Shares and F1 are 0 to 100, as the field reports them."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

WITHOUT_SPACES = ("zh", "ja")
"""Languages written without spaces: there a word is a character."""
ARTICLES = re.compile(r"\b(?:a|an|the)\b")
PUNCTUATION = set(string.punctuation) | set("，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～")
ENDLESS = re.compile(r"(.{1,40}?)\1{4,}", re.DOTALL)
"""The same thing five times in a row."""


def translation(replies: Sequence[str], references: Sequence[Sequence[str]], *, target: str) -> dict[str, float]:
    """chrF++ (chrF into languages without spaces; Popović 2017) and BLEU, over all sentences, by sacrebleu."""
    streams: list[Any] = [
        [some[i] if i < len(some) else None for some in references] for i in range(max(map(len, references)))
    ]
    words = 0 if target in WITHOUT_SPACES else 2
    tokens = {"zh": "zh", "ja": "char"}.get(target, "13a")
    chrf, bleu = CHRF(word_order=words), BLEU(tokenize=tokens)
    return {
        "chrf": round(chrf.corpus_score(replies, streams).score, 1),
        "bleu": round(bleu.corpus_score(replies, streams).score, 1),
        "sentences": len(replies),
    }


def answers(replies: Sequence[str], references: Sequence[Sequence[str]], *, language: str) -> dict[str, float]:
    """Exact match and F1 with the best of the references, as SQuAD (Rajpurkar et al. 2016) and CMRC 2018 count them."""
    pairs = [(_words(reply, language), [_words(one, language) for one in some])
             for reply, some in zip(replies, references, strict=True)]  # fmt: skip
    return {
        "f1": round(_mean([max(_f1(reply, one) for one in some) for reply, some in pairs]), 1),
        "em": round(_mean([100.0 * (reply in some) for reply, some in pairs]), 1),
        "questions": len(replies),
    }


def classification(replies: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """Accuracy, and the mean of the labels' F1."""
    pairs = list(zip(replies, labels, strict=True))
    scores = []
    for label in sorted(set(labels)):
        right = sum(reply == wanted == label for reply, wanted in pairs)
        said, meant = replies.count(label), labels.count(label)
        scores.append(200 * right / (said + meant))
    return {
        "accuracy": round(100 * _mean([reply == wanted for reply, wanted in pairs]), 1),
        "macro_f1": round(_mean(scores), 1),
        "texts": len(pairs),
    }


def talk(replies: Sequence[str], *, cut_off: int) -> dict[str, float]:
    """distinct-n (Li et al. 2016) over all replies; shares of replies that are empty, endless or cut off."""
    words = [_words(reply, "zh" if _mostly_chinese(reply) else "en") for reply in replies]
    return {
        "distinct_1": round(100 * _distinct(words, 1), 1),
        "distinct_2": round(100 * _distinct(words, 2), 1),
        "empty": round(100 * _mean([not reply.strip() for reply in replies]), 1),
        "repetitive": round(100 * _mean([is_endless(reply) for reply in replies]), 1),
        "cut_off": round(100 * cut_off / max(1, len(replies)), 1),
        "replies": len(replies),
    }


def is_endless(reply: str) -> bool:
    return bool(ENDLESS.search(reply))


def _words(text: str, language: str) -> list[str]:
    text = "".join(character for character in text.lower() if character not in PUNCTUATION)
    if language in WITHOUT_SPACES:
        return [character for character in text if not character.isspace()]
    return ARTICLES.sub(" ", text).split() if language == "en" else text.split()


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    common = sum((Counter(found) & Counter(wanted)).values())
    return 200 * common / (len(found) + len(wanted)) if found or wanted else 100.0


def _distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    grams = [tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


def _mostly_chinese(text: str) -> bool:
    return sum("\u3400" <= character <= "\u9fff" for character in text) * 3 >= len(text)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))
