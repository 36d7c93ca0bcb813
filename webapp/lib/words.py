"""What PostgreSQL's full-text search stores of a text, and asks for: words as people type them, in any mix of scripts.

Compatibility forms and case make no difference (Unicode NFKC). Runs of Chinese characters are cut into words by jieba
(rjieba), and each character is kept besides, so that a part of a word is found too. No stemmer: what is typed is found
at the beginning of words, so "meeting" finds "meetings" and "meet" finds both, in whatever language.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Expression, Func, Value

LONGEST_WORD, MOST_WORDS = 60, 50_000  # characters (the rest is dropped), and words of one text: PostgreSQL has limits
MOST_ASKED = 12  # words of a query
SHORTEST_PREFIX = 2  # a single letter in the middle of a query means itself
HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
RUN = re.compile(rf"([{HAN}]+)|((?:(?![{HAN}])[^\W_])+)")
POSITIONS = 16_383  # PostgreSQL keeps no higher ones


def normalized(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def cut(run: str, *, finely: bool) -> list[str]:
    """The words of a run of Chinese characters; `finely`: with the words inside of words, in any order."""
    import rjieba  # 33 MB and 0.1 s, for those who write Chinese

    return rjieba.cut_for_search(run) if finely else rjieba.cut(run)


def placed(text: str) -> Iterator[tuple[str, int]]:
    """Every word to be found, with its place from 1; a Chinese word stands where its first character does."""
    place = 0
    for found in RUN.finditer(normalized(text)):
        run, word = found.groups()
        if word:
            place += 1
            yield word[:LONGEST_WORD], place
            continue
        yield from ((part, place + 1 + run.index(part)) for part in cut(run, finely=True) if len(part) > 1)
        yield from ((character, place + 1 + at) for at, character in enumerate(run))
        place += len(run)


def stored(text: str) -> Expression:
    """The value of a SearchVectorField."""
    return Func(Value(lexemes(text)), template="(%(expressions)s)::tsvector", output_field=SearchVectorField())


def lexemes(text: str) -> str:
    """The same as PostgreSQL reads it (https://www.postgresql.org/docs/current/datatype-textsearch.html)."""
    found = []
    for word, place in placed(text[: MOST_WORDS * 10]):
        found.append(f"'{word}':{min(place, POSITIONS)}")
        if len(found) == MOST_WORDS:
            break
    return " ".join(found)


def asked(text: str) -> list[str]:
    """The words of what somebody looks for; the last is perhaps not typed to its end."""
    found: list[str] = []
    for run in RUN.finditer(normalized(text)):
        found += cut(run[1], finely=False) if run[1] else [run[2][:LONGEST_WORD]]
    return found[:MOST_ASKED]


class Terms(SearchQuery):
    """A query whose words are cut already; PostgreSQL's own parser would cut them by the database's locale."""

    template = "(%(expressions)s)::tsquery"


def query(words: list[str]) -> Terms:
    """Texts that hold all those words."""
    return Terms(" & ".join(_term(word, last=number == len(words) - 1) for number, word in enumerate(words)))


def _term(word: str, *, last: bool) -> str:
    if re.match(f"[{HAN}]", word):
        characters = " <-> ".join(f"'{character}'" for character in word)
        return f"('{word}' | ({characters}))" if len(word) > 1 else characters
    return f"'{word}':*" if last or len(word) >= SHORTEST_PREFIX else f"'{word}'"


def marks(words: list[str]) -> re.Pattern[str]:
    """Finds those words in a text, to point them out; a word that begins so to its end."""
    found = [
        re.escape(word) if re.match(f"[{HAN}]", word) else rf"(?<![^\W_]){re.escape(word)}[^\W_]*" for word in words
    ]
    return re.compile("|".join(sorted(found, key=len, reverse=True)), re.IGNORECASE)
