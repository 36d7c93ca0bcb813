"""What rooms above this one tell runs: which named models serve a team, so that a run can be compared with one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from webapp.accounts.models import Team


@dataclass(frozen=True, slots=True)
class Serving:
    """A named model, and the adapter of the engine's model that answers in its name; `run` made it, where a run did."""

    key: str
    title: str
    adapter: Path
    run: UUID | None = None


in_service: list[Callable[[Team], list[Serving]]] = []
"""Each tells what it knows, the one put in service last first."""


def serving(team: Team) -> list[Serving]:
    return [one for ask in in_service for one in ask(team)]


def adapter_in_service(team: Team) -> Path | None:
    """Of several models', the one that was put in service last."""
    return next((one.adapter for one in serving(team)), None)
