"""The sentences of a translation, out of the house and in again:
[{"text", "translation", "source", "target": BCP-47 codes, "model": name, "correction": as a person would have it}, …]
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils import timezone

from webapp.chat.models import Conversation, Message
from webapp.chat.options import value_of
from webapp.generation.models import Generation, Status
from webapp.lib import languages
from webapp.translate import cutting
from webapp.translate.models import Correction, Segment
from webapp.translate.reading import corrections_of
from webapp.translate.segments import current, wording

LONGEST_TEXT = 10_000  # characters


class Told(msgspec.Struct):
    text: str
    translation: str
    target: str
    source: str = ""
    model: str = ""
    correction: str = ""


def export(conversation: Conversation) -> Any:
    """What was written to its end."""
    found = current(conversation).filter(generation__status=Status.DONE).order_by("pk").select_related("generation")
    rows = {row.key: row for row in found.defer("generation__prompt")}
    corrected = corrections_of(conversation, rows)
    return [_told(row, corrected.get(row.pk, "")) for row in rows.values()]


def _told(row: Segment, correction: str) -> dict[str, str]:
    about = {"source": row.source, "target": row.target, "model": row.generation.model_name}
    return {"text": row.text, "translation": wording(row.generation), **about, "correction": correction}


def restore(conversation: Conversation, told: Any, messages: Mapping[str, Message]) -> None:
    """A sentence that is missing is translated when somebody who may write looks at the page."""
    model, known = value_of(conversation.options), set()
    for row in msgspec.convert(told or [], list[Told]):
        if max(len(row.text), len(row.translation)) > LONGEST_TEXT or row.target not in languages.CODES:
            raise ValueError("no such sentence")
        source = row.source if row.source in languages.CODES else ""
        key = cutting.key(row.text, source=source, target=row.target, model=model)
        if key not in known:
            known.add(key)
            _store(conversation, key, source, row)


def _store(conversation: Conversation, key: str, source: str, row: Told) -> None:
    generation = Generation.objects.create(
        channel=conversation.channel,
        prompt=[],
        text=row.translation,
        model=row.model[:200],
        status=Status.DONE,
        finished_at=timezone.now(),
    )
    segment = Segment.objects.create(
        conversation=conversation, key=key, source=source, target=row.target, text=row.text, generation=generation
    )
    if row.correction:
        Correction.objects.create(segment=segment, author=conversation.author, text=row.correction[:LONGEST_TEXT])


def markdown(conversation: Conversation, thread: str) -> str:
    return thread
