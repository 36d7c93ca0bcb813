"""Sentences that may be read in another language than ours.

A Sentence is English text, and remembers what it was made of, so that whoever shows it can say it in the reader's
words: the web application looks the template up in its catalogue (webapp/lib/sentences.py). tools/extract.py collects
the templates, which are literals therefore.
"""

from typing import Any, Self

Packed = str | list[Any]  # [template, {name: value or Packed}]; the text alone where nothing is filled in


class Sentence(str):
    """`template` with %(name)s in it where `values` go. A value that is a Sentence is a part that has words of its own;
    any other is the same in every language."""

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, /, **values: object) -> Self:
        kept = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        return cls.worded(template % kept if kept else template, template, kept)

    @classmethod
    def worded(cls, text: str, template: str, values: dict[str, str]) -> Self:
        """The same in other words."""
        made = super().__new__(cls, text)
        made.template, made.values = template, values
        return made


def said(error: BaseException) -> str:
    """str() of the error; the Sentence that it was raised with, where it was."""
    words = error.args[0] if error.args else None
    return words if isinstance(words, Sentence) else str(error)


def pack(text: str) -> Packed:
    """As JSON can keep it."""
    if not isinstance(text, Sentence):
        return text
    return _whole(text) if text.values else text.template


def _whole(sentence: Sentence) -> list[Any]:
    parts = {name: _whole(value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()}
    return [sentence.template, parts]


def unpack(packed: Packed) -> Sentence:
    if isinstance(packed, str):
        return Sentence(packed)
    template, values = packed
    return Sentence(template, **{n: unpack(value) if isinstance(value, list) else value for n, value in values.items()})
