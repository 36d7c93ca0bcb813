"""Whole numbers as people read them, with separators: 1,200."""

from typing import Any

from django.utils.formats import number_format


class Count(int):
    """Written 1,200 wherever text is made of it. It stays a number, so that a sentence finds its plural."""

    def __str__(self) -> str:
        return str(number_format(int(self), force_grouping=True))


def counted(value: Any) -> Any:
    """A Count of what is a whole number; anything else as it is."""
    return Count(value) if isinstance(value, int) and not isinstance(value, bool) else value
