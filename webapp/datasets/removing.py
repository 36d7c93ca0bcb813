"""A dataset that somebody deleted is taken away in a worker: rows, files, and its own row last.

Each step may be begun again, so that a worker that is killed leaves nothing that the next one does not take.
"""

import shutil

from webapp.datasets.models import Dataset

BATCH = 20_000


def remove(dataset: Dataset) -> None:
    while dataset.rows.filter(pk__in=dataset.rows.values("pk")[:BATCH]).delete()[0]:
        pass
    dataset.problems.all().delete()
    dataset.versions.all().delete()
    directory = dataset.directory
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":  # which we hold
            path.unlink()
    dataset.delete()
    shutil.rmtree(directory, ignore_errors=True)
