"""How far a worker is with a dataset, and whether somebody wants it to stop."""

from webapp.datasets.models import Dataset


class Stopped(Exception):
    """Somebody pressed Stop."""


def note(dataset: Dataset, done: int, total: int | None = None) -> None:
    """Says how far the job is. Raises Stopped; also where the dataset is gone."""
    values = {"done": done} if total is None else {"done": done, "total": total}
    dataset.done = done
    here = Dataset.objects.filter(pk=dataset.pk)
    if not here.filter(stop_requested=False, deleted_at=None).update(**values):
        raise Stopped
    if total is not None:
        dataset.total = total
    elif dataset.total:
        here.exclude(total=dataset.total).update(total=dataset.total)
