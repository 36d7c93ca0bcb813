"""The rows of an analysis, out of the house and in again:

{"name": of the file, "columns": [name, …], "column": number of the one with the texts, or null, "rows": [{"number",
"cells": [text, …], "label", "probabilities": {label: number} | null, "confidence": number | null, "failure",
"correction"}, …]}. For people they are a table.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _

from webapp.analyze.models import Analysis, Label, Row, Trouble
from webapp.analyze.tables import MOST_ROWS
from webapp.chat.models import Conversation, Message
from webapp.generation.models import Failure

COLUMNS = ("number", "cells", "label", "probabilities", "confidence", "failure", "correction")
Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ToldRow(msgspec.Struct):
    cells: list[str]
    label: str = ""
    probabilities: dict[str, Chance] | None = None
    confidence: Chance | None = None
    failure: str = ""
    correction: str = ""


class Told(msgspec.Struct):
    rows: Annotated[list[ToldRow], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
    name: str = ""
    columns: list[str] = []
    column: Annotated[int, msgspec.Meta(ge=0)] | None = None


def export(conversation: Conversation) -> Any:
    found = Analysis.objects.filter(pk=conversation.pk).values("name", "columns", "column").first()
    rows = Row.objects.filter(analysis=conversation.pk).order_by("number").values(*COLUMNS)
    return found and {**found, "rows": list(rows)}


def restore(conversation: Conversation, told: Any, messages: Mapping[str, Message]) -> None:
    """Rows without a label wait until somebody has them gone on with."""
    found = msgspec.convert(told, Told)
    width = min(len(row.cells) for row in found.rows)
    if (found.column is not None and found.column >= width) or not width:
        raise ValueError("a row has no such column")
    analysis = Analysis.objects.create(
        conversation=conversation, name=found.name[:200], columns=found.columns, column=found.column, stopped=True
    )
    made = [_row(analysis, number, row) for number, row in enumerate(found.rows, start=1)]
    Row.objects.bulk_create(made, batch_size=1000)


def _row(analysis: Analysis, number: int, told: ToldRow) -> Row:
    return Row(
        analysis=analysis,
        number=number,
        cells=told.cells,
        label=told.label if told.label in Label else "",
        probabilities=told.probabilities,
        confidence=told.confidence,
        failure=told.failure if told.failure in (*Failure.values, *Trouble.values) else "",
        correction=told.correction if told.correction in Label else "",
    )


def markdown(conversation: Conversation, thread: str) -> str:
    analysis = Analysis.objects.filter(pk=conversation.pk).first()
    if analysis is None or analysis.column is None:
        return thread
    head = f"| {_('Text')} | {_('Label')} | {_('Confidence')} |\n|---|---|---:|\n"
    return head + "".join(_line(row, analysis.column) for row in analysis.rows.order_by("number").iterator(1000))


def _line(row: Row, column: int) -> str:
    label = row.get_correction_display() if row.correction else row.get_label_display()
    confidence = "" if row.confidence is None or row.correction else f"{row.confidence:.0%}"
    text = " ".join(row.cells[column].split()).replace("|", "\\|")
    return f"| {text} | {label} | {confidence} |\n"
