"""Which model answers better, by people who do not know whose answer they read.

A run leaves held-out rows with the replies of the base model, of its own and of the adapter in service
(training/comparison.py). Which of two replies stands on the left depends on the row and the person alone.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.runs.models import Judgement, TrainingRun, Winner

THIS, BASE, IN_SERVICE = "this", "base", "in_service"
MOST = 60  # rows that are kept
Z = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Duel:
    """Row `number`; `left` and `right` are replies; `left_is_this` says which of them is the new model's."""

    number: int
    prompt: list[dict[str, str]]
    wanted: str
    left: str
    right: str
    left_is_this: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of row `number`: "left", "right" or "tie"."""

    number: int
    choice: str


@dataclass(frozen=True, slots=True)
class WinRate:
    """Of the new model, ties counted half, with Wilson's 95 % interval (Wilson 1927); shares from 0 to 1."""

    judged: int
    wins: int
    ties: int
    rate: float
    low: float
    high: float


def rows_of(run: TrainingRun) -> list[dict[str, Any]]:
    if not run.comparison.is_file():
        return []
    with run.comparison.open(encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(MOST), strict=False)]


def rivals(rows: list[dict[str, Any]]) -> list[str]:
    """Whom the new model can be compared with."""
    return [name for name in (BASE, IN_SERVICE) if any(name in row["replies"] for row in rows)]


def duels(run: TrainingRun, user: User, against: str) -> Iterator[Duel]:
    """Those that this person has not judged yet and whose replies differ."""
    judged = set(_judged(run, against).filter(author=user).values_list("number", flat=True))
    for number, row in enumerate(rows_of(run)):
        replies = row["replies"]
        if number in judged or against not in replies or replies[THIS].strip() == replies[against].strip():
            continue
        left_is_this = _toss(run, user, number)
        pair = (replies[THIS], replies[against]) if left_is_this else (replies[against], replies[THIS])
        yield Duel(number, row["prompt"], row.get("wanted", ""), *pair, left_is_this)


def judge(run: TrainingRun, user: User, *, against: str, number: int, choice: str) -> None:
    """choice: as Said has it. Judging a row anew replaces what that person said of it."""
    if choice == "tie":
        winner = Winner.TIE
    else:
        winner = Winner.THIS if (choice == "left") == _toss(run, user, number) else Winner.OTHER
    said = {"winner": winner, "created_at": timezone.now()}
    Judgement.objects.update_or_create(run=run, author=user, number=number, against=against, defaults=said)


def last_said(run: TrainingRun, user: User, against: str) -> Said | None:
    """This person's judgement that came last."""
    last = _judged(run, against).filter(author=user).order_by("-created_at").first()
    if last is None:
        return None
    if last.winner == Winner.TIE:
        return Said(last.number, "tie")
    return Said(last.number, "left" if (last.winner == Winner.THIS) == _toss(run, user, last.number) else "right")


def take_back(run: TrainingRun, user: User, *, against: str, number: int) -> bool:
    """The pair is to be judged again. Whether there was a judgement of this person: twice is once."""
    return bool(_judged(run, against).filter(author=user, number=number).delete()[0])


def win_rate(run: TrainingRun, against: str) -> WinRate | None:
    """None as long as nobody has judged."""
    counted = dict(_judged(run, against).values_list("winner").annotate(Count("id")))
    judged = sum(counted.values())
    if not judged:
        return None
    wins, ties = counted.get(Winner.THIS, 0), counted.get(Winner.TIE, 0)
    rate = (wins + ties / 2) / judged
    return WinRate(judged, wins, ties, rate, *wilson(rate, judged))


def wilson(share: float, n: int) -> tuple[float, float]:
    middle, spread = share + Z * Z / (2 * n), Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def _judged(run: TrainingRun, against: str) -> QuerySet[Judgement]:
    return Judgement.objects.filter(run=run, against=against)


def _toss(run: TrainingRun, user: User, number: int) -> bool:
    return hashlib.sha256(f"{run.pk} {user.pk} {number}".encode()).digest()[0] % 2 == 0
