"""One row as the model will see it, for its page: a worker looks, and leaves in the cache what it saw. It looks at the
next rows, too: most of the time goes into opening the eyes, and who reads rows reads on."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from webapp.datasets.lessons import Values
from webapp.datasets.models import Dataset, Row
from webapp.datasets.sight import Sight
from webapp.lib.jobs import ask

KEPT_S = 3600
AHEAD = 20  # rows
SHOWN = 4000  # tokens of a row on a page


def seen(row: Row, max_length: int, *, asked: bool) -> dict[str, Any] | None:
    """{"tokens", "length", "cut", "learned"}, or {"problem": …}; None where a worker has still to look, which is asked
    to."""
    found = cache.get(_key(row.values, row.dataset.shape, max_length))
    if found is None and not asked:
        ask("webapp.datasets.tasks.look", str(row.dataset_id), str(row.number), str(max_length))
    return found


def look(dataset_id: str | UUID, number: int, max_length: int) -> None:
    dataset = Dataset.objects.filter(pk=UUID(str(dataset_id))).first()
    if dataset is None:
        return
    rows = dataset.rows.filter(number__gte=number).order_by("number")[: 1 + AHEAD]
    new = {key: row.values for row in rows if cache.get(key := _key(row.values, dataset.shape, max_length)) is None}
    if new:
        with Sight(dataset.shape, max_length, whole=True) as eyes:
            for key, values in new.items():
                cache.set(key, _shown(eyes.tokens([values])[0]), KEPT_S)


def _shown(seen: dict[str, Any]) -> dict[str, Any]:
    if "problem" in seen:
        return seen
    learned = sum(learnt for _, learnt in seen["tokens"])
    return {**seen, "tokens": seen["tokens"][:SHOWN], "learned": learned}


def _key(values: Values, shape: str, max_length: int) -> str:
    said = json.dumps([str(settings.MODEL), values, shape, max_length], sort_keys=True)
    return f"datasets.look.{hashlib.sha256(said.encode()).hexdigest()}"
