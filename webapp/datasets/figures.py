"""A survey as a page shows it: bars and names."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from webapp.datasets import personal
from webapp.lib import languages


@dataclass(frozen=True, slots=True)
class Bar:
    """`width`: of 100 where the largest is 100."""

    name: str
    count: int
    width: float
    cut: bool = False


def lengths(survey: dict[str, Any]) -> list[Bar]:
    """How many rows are so long, in tokens."""
    found = survey.get("lengths", [])
    most = max((count for _bound, count in found), default=0) or 1
    longest = survey.get("max_length", 0)
    return [Bar(_up_to(bound), count, 100 * count / most, bound > longest) for bound, count in found]


def _up_to(bound: int) -> str:
    return f"≤ {bound}" if bound <= 16 else f"{bound // 2 + 1}–{bound}"


def language_mix(survey: dict[str, Any]) -> list[Bar]:
    found = survey.get("languages", [])
    total = sum(count for _code, count in found) or 1
    named = ((languages.name(code) if code else _("not to be told"), count) for code, count in found)
    return [Bar(name, count, 100 * count / total) for name, count in named][:8]


def personal_data(survey: dict[str, Any]) -> list[tuple[Any, int]]:
    return [(personal.NAMES[kind], count) for kind, count in survey.get("personal", {}).items()]
