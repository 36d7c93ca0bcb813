"""A version: what is accepted now, in two files that never change.

Which rows are held out depends on nothing but the rows and the share: they are taken in the order of their hashes, so
that the same row is held out in the next version too, and measurements can be compared. A row that repeats another is
left out; rows that are much like each other go into the same file, so that nothing is measured that was learnt.
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from webapp.accounts.models import User
from webapp.datasets.consent import who_agree
from webapp.datasets.duplicates import Finder, Groups, digest
from webapp.datasets.models import Contribution, Dataset, Review, Row, Version
from webapp.datasets.progress import note
from webapp.lib.sentences import Sentence

LEAST_ROWS = 5
SHARE, LEAST_SHARE, MOST_SHARE = 10, 1, 50  # per cent that are held out
BATCH = 1000


class Unfit(Exception):
    """str() is a sentence: why no version can be made of the rows."""


@dataclass
class Split:
    """What of the accepted rows goes where, by their numbers."""

    held_out: set[int]
    doubled: set[int]
    leaking: int = 0


@dataclass
class Written:
    rows: Counter[str] = field(default_factory=Counter)  # of each file
    people: Counter[int] = field(default_factory=Counter)  # their rows in both
    sha256: str = ""


def freeze(dataset: Dataset, *, author: User | None = None, share: int = SHARE) -> Version:
    """Makes the dataset's next version. `share`: of 100 rows so many are held out. Raises Unfit, progress.Stopped."""
    split = _split(dataset, share)
    place = dataset.directory / "freezing"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        written = _write(dataset, split, place)
        return _keep(dataset, author, split, written, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def accepted(dataset: Dataset) -> Iterator[Row]:
    rows = dataset.rows.filter(review=Review.ACCEPTED).order_by("number").only("dataset", "number", "values", "origin")
    return rows.iterator(BATCH)


def _split(dataset: Dataset, share: int) -> Split:
    finder, groups = Finder(), Groups()
    hashes: dict[int, bytes] = {}
    doubled: set[int] = set()
    count = dataset.rows.filter(review=Review.ACCEPTED).count()
    note(dataset, 0, 2 * count)
    for at, row in enumerate(accepted(dataset), start=1):
        same, like = finder.add(row.number, row.values)
        if same:
            doubled.add(row.number)
        else:
            hashes[row.number] = digest(row.values)
            groups.join(row.number, [row.number, *like])
        if at % BATCH == 0:
            note(dataset, at)
    if len(hashes) < LEAST_ROWS:
        raise Unfit(
            Sentence(
                "A version needs at least %(least)s accepted rows that differ; there are %(rows)s.",
                least=LEAST_ROWS,
                rows=len(hashes),
            )
        )
    held_out, leaking = hold_out(hashes, groups, wanted(len(hashes), share))
    return Split(held_out, doubled, leaking)


def wanted(rows: int, share: int) -> int:
    """How many are held out: the share, but a few at least, and never more than half."""
    share = min(max(share, LEAST_SHARE), MOST_SHARE)
    return min(rows // 2, max(2 if rows < 40 else 4, round(rows * share / 100)))


def hold_out(hashes: dict[int, bytes], groups: Groups, count: int) -> tuple[set[int], int]:
    """The numbers of `count` rows, or nearly so many, whole groups of them; and how many rows stay behind that are like
    one of them, which is 0 but where nearly all rows are alike."""
    members: dict[int, list[int]] = {}
    for number in hashes:
        members.setdefault(groups.head(number), []).append(number)
    chosen: set[int] = set()
    for group in sorted(members.values(), key=lambda group: min(hashes[number] for number in group)):
        if len(chosen) >= count:
            break
        if len(chosen) + len(group) <= count + count // 4:
            chosen.update(group)
    if len(chosen) * 2 >= count:
        return chosen, 0
    rest = sorted(hashes.keys() - chosen, key=lambda number: hashes[number])
    chosen.update(rest[: count - len(chosen)])
    heads = {groups.head(number) for number in chosen}
    return chosen, sum(number not in chosen and groups.head(number) in heads for number in hashes)


def _write(dataset: Dataset, split: Split, place: Path) -> Written:
    written = Written()
    with ExitStack() as stack:
        files = {
            name: stack.enter_context((place / f"{name}.jsonl").open("w", encoding="utf-8"))
            for name in ("train", "held-out")
        }
        for at, row in enumerate(accepted(dataset), start=1):
            if row.number not in split.doubled:
                name = "held-out" if row.number in split.held_out else "train"
                files[name].write(json.dumps(row.values, ensure_ascii=False) + "\n")
                written.rows[name] += 1
                written.people.update(set(row.origin.get("people", ())))
            if at % BATCH == 0:
                note(dataset, dataset.total // 2 + at)
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    written.sha256 = sha256_of(place)
    return written


def sha256_of(directory: Path) -> str:
    """Of train.jsonl and held-out.jsonl, one after the other."""
    total = hashlib.sha256()
    for name in ("train.jsonl", "held-out.jsonl"):
        with (directory / name).open("rb") as file:
            while chunk := file.read(1024 * 1024):
                total.update(chunk)
    return total.hexdigest()


@transaction.atomic
def _keep(dataset: Dataset, author: User | None, split: Split, written: Written, place: Path) -> Version:
    Dataset.objects.select_for_update().get(pk=dataset.pk)
    if written.people.keys() - who_agree(dataset.team):
        raise Unfit(
            Sentence("Somebody has just withdrawn their consent: their rows are gone. Freeze the version again.")
        )
    last = dataset.versions.order_by("-number").first()
    version = Version.objects.create(
        dataset=dataset,
        number=last.number + 1 if last else 1,
        shape=dataset.shape,
        rows=written.rows["train"],
        held_out=written.rows["held-out"],
        doubled=len(split.doubled),
        leaking=split.leaking,
        sha256=written.sha256,
        author=author,
    )
    Contribution.objects.bulk_create(
        Contribution(version=version, person_id=person, rows=rows) for person, rows in written.people.items()
    )
    for file in place.iterdir():
        file.chmod(0o444)
    shutil.rmtree(version.directory, ignore_errors=True)  # of a freezing whose transaction was lost
    place.rename(version.directory)
    return version
