"""Sentences that workers leave in the database, said in the language of whoever reads them.

A worker does not know its readers. So it writes down what the sentence is made of (inference/sentences.py), and the
words are looked up when it is read. What was kept as plain text is looked up too, and shown as it is where it is
unknown.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext

from inference.sentences import Packed, Sentence, pack, said, unpack

__all__ = ["Sentence", "SentenceField", "heard", "pack", "said", "told"]

MARK = '["'  # how a sentence of several parts begins in a column


def told(kept: Packed) -> Sentence:
    """In the language of now; it can be kept again, as what it was."""
    sentence = kept if isinstance(kept, Sentence) else unpack(kept)
    values = {name: told(value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()}
    words = gettext(sentence.template) if sentence.template else ""
    return sentence.worded(words % values if values else words, sentence.template, sentence.values)


def heard(event: Mapping[str, Any], name: str) -> Sentence:
    """A sentence that a command printed in a JSON event (training/progress.py)."""
    return unpack((event.get("told") or {}).get(name) or str(event.get(name) or ""))


class SentenceField(models.TextField):
    """A column of text. What is loaded from it is in the language of now."""

    def deconstruct(self) -> Any:
        """To the database it is a TextField: no migration."""
        name, _path, args, keywords = super().deconstruct()
        return name, "django.db.models.TextField", args, keywords

    def from_db_value(self, value: str | None, *_: object) -> Sentence | None:
        return told(json.loads(value) if value.startswith(MARK) else value) if value is not None else None

    def get_prep_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            return super().get_prep_value(value)
        kept = pack(value)
        if isinstance(kept, str):
            return json.dumps([kept, {}], ensure_ascii=False) if kept.startswith(MARK) else kept
        return json.dumps(kept, ensure_ascii=False)
