"""One row as the model will see it, for its page: a worker looks, and leaves in the cache what it saw."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.core.cache import cache

from webapp.datasets.lessons import Values
from webapp.datasets.models import Row
from webapp.lib.jobs import ask

KEPT_S = 3600
SHOWN = 4000  # tokens of a row on a page


def seen(row: Row, max_length: int, *, asked: bool) -> dict[str, Any] | None:
    """{"tokens", "length", "cut", "learned"}, or {"problem": …}; None where a worker has still to look, which is asked
    to."""
    found = cache.get(_key(row.values, row.dataset.shape, max_length))
    if found is None and not asked:
        ask("webapp.datasets.tasks.look", str(row.dataset_id), str(row.number), str(max_length))
    return found


def look(dataset_id: str | UUID, number: int, max_length: int) -> None:
    row = Row.objects.select_related("dataset").filter(dataset_id=UUID(str(dataset_id)), number=number).first()
    if row is None:
        return
    from webapp.datasets.sight import Sight

    key = _key(row.values, row.dataset.shape, max_length)
    try:
        found = Sight(row.dataset.shape, max_length).tokens(row.values)
    except ValueError as error:
        cache.set(key, {"problem": str(error)}, KEPT_S)
        return
    learned = sum(learnt for _, learnt in found["tokens"])
    kept = {**found, "tokens": found["tokens"][:SHOWN], "learned": learned}
    cache.set(key, kept, KEPT_S)


def _key(values: Values, shape: str, max_length: int) -> str:
    said = json.dumps([values, shape, max_length], sort_keys=True)
    return f"datasets.look.{hashlib.sha256(said.encode()).hexdigest()}"
