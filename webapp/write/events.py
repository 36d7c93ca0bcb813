"""Markdown as a row of plain events (pyromark's), for what makes other formats of it."""

from typing import Any

import pyromark

from webapp.lib import markdown


def events(text: str) -> list[tuple[str, str, Any]]:
    """(Start | End | "", name, value) of each thing in the Markdown."""
    return [_plain(event) for event in pyromark.events(text, options=markdown.OPTIONS)]


def _plain(event: Any) -> tuple[str, str, Any]:
    if isinstance(event, str):
        return "", event, None
    name, value = next(iter(event.items()))
    if name not in ("Start", "End"):
        return "", name, value
    return (name, value, None) if isinstance(value, str) else (name, *next(iter(value.items())))


def shown(name: str, value: Any) -> str:
    if name == "TaskListMarker":
        return "☑ " if value else "☐ "
    return value if isinstance(value, str) else ""
