"""A look through all rows, in a worker: how long each is for the model, its language, repetitions, personal data."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection
from django.utils import timezone

from webapp.datasets import lessons, personal, sight
from webapp.datasets.duplicates import Finder
from webapp.datasets.models import Dataset, Job, Review, Row
from webapp.datasets.progress import note
from webapp.lib import languages

BATCH = 500
PROBLEMS = ("personal", "same_as", "like", "cut", "unfit")
COUNTS = ("rows", "tokens", "learned", "cut_rows", "cut_tokens", "same", "like", "uncompared")
BOUNDS = [2**power for power in range(4, 21)]  # of the histogram, in tokens


@dataclass
class Found:
    """The figures over all rows that are not rejected."""

    rows: int = 0
    tokens: int = 0
    learned: int = 0
    cut_rows: int = 0
    cut_tokens: int = 0
    same: int = 0
    like: int = 0
    uncompared: int = 0  # rows among which nobody looked for near duplicates
    lengths: Counter[int] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)


def inspect(dataset: Dataset) -> dict[str, Any]:
    """Writes each row's notes and returns the survey. Raises progress.Stopped."""
    rows = dataset.rows.exclude(review=Review.REJECTED).order_by("number").only("dataset", "number", "values", "notes")
    note(dataset, 0, rows.count())
    found, finder, began = Found(), Finder(), timezone.now()
    with sight.Sight(dataset.shape, int(dataset.wish.get("max_length") or sight.MAX_LENGTH)) as eyes:
        for some in _batches(rows.iterator(BATCH)):
            write(list(_changed(some, eyes, finder, found)))
            note(dataset, found.rows)
    found.uncompared = finder.uncompared
    Dataset.objects.filter(pk=dataset.pk).update(survey=survey(found, eyes), surveyed_at=began)
    return survey(found, eyes)


def _changed(rows: list[Row], eyes: sight.Sight, finder: Finder, found: Found) -> Iterator[Row]:
    """Counts all of them, and gives those of which there is something new to note."""
    for row, seen in zip(rows, eyes.lengths([row.values for row in rows]), strict=True):
        notes = _notes(row, seen, finder)
        _count(found, notes, seen)
        if notes != row.notes:
            row.notes, row.flagged = notes, any(notes.get(problem) for problem in PROBLEMS)
            yield row


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, BATCH)):
        yield some


def _notes(row: Row, seen: sight.Length, finder: Finder) -> dict[str, Any]:
    same, like = finder.add(row.number, row.values)
    notes: dict[str, Any] = {"tokens": seen.tokens, "cut": seen.cut, "same_as": same, "like": like[0] if like else 0}
    notes["unfit"] = seen.problem
    notes["language"] = languages.detect(lessons.reply(row.values)).code
    notes["personal"] = sorted({kind for text in lessons.texts(row.values) for kind, _ in personal.find(text)})
    return {name: value for name, value in notes.items() if value}


def _count(found: Found, notes: dict[str, Any], seen: sight.Length) -> None:
    found.rows += 1
    found.tokens += seen.tokens
    found.learned += seen.learned
    found.cut_rows += bool(seen.cut)
    found.cut_tokens += seen.cut
    found.same += "same_as" in notes
    found.like += "like" in notes
    found.lengths[next((bound for bound in BOUNDS if seen.tokens <= bound), BOUNDS[-1])] += 1
    found.languages[notes.get("language", "")] += 1
    found.personal.update(notes.get("personal", ()))


def survey(found: Found, eyes: "sight.Sight") -> dict[str, Any]:
    """As Dataset.survey keeps it."""
    counts = {name: getattr(found, name) for name in COUNTS}
    longest = max(found.lengths, default=0)
    least = min(found.lengths, default=0)
    lengths = [[bound, found.lengths[bound]] for bound in BOUNDS if least <= bound <= longest]
    return {
        **counts,
        "lengths": lengths,
        "languages": found.languages.most_common(),
        "personal": dict(found.personal),
        "max_length": eyes.max_length,
        "base": eyes.name,
    }


def write(rows: list[Row], *, values: bool = False) -> None:
    """The notes of all of them, and where asked their values, in one UPDATE."""
    if not rows:
        return
    table = Row._meta.db_table
    more = ", values = said.values::jsonb" if values else ""
    sql = f"""UPDATE "{table}" SET notes = said.notes::jsonb, flagged = said.flagged{more}
              FROM unnest(%s::bigint[], %s::text[], %s::boolean[], %s::text[]) AS said(id, notes, flagged, values)
              WHERE "{table}".id = said.id"""  # noqa: S608 (our own names)
    texts = [json.dumps(row.values, ensure_ascii=False) if values else "" for row in rows]
    said: list[Any] = [
        [row.pk for row in rows],
        [json.dumps(row.notes) for row in rows],
        [row.flagged for row in rows],
        texts,
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, said)


def mask(dataset: Dataset) -> None:
    """Puts [EMAIL], [ID], [CARD] and [PHONE] in the place of what they name, in every row. Raises progress.Stopped."""
    rows = dataset.rows.order_by("number").only("dataset", "number", "values", "notes", "flagged")
    note(dataset, 0, rows.count())
    done = 0
    for some in _batches(rows.iterator(BATCH)):
        changed = []
        for row in some:
            masked = lessons.with_texts(row.values, personal.mask)
            if masked != row.values:
                row.values = masked
                row.notes.pop("personal", None)
                row.flagged = any(row.notes.get(problem) for problem in PROBLEMS)
                changed.append(row)
        write(changed, values=True)
        done += len(some)
        note(dataset, done)
    Dataset.objects.filter(pk=dataset.pk).update(changed_at=timezone.now(), wish={}, job=Job.INSPECT)
