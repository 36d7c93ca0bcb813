"""Which models people of a team may choose: the engine's base model, what is registered beside it, and the endpoints'.

What people chose is stored as {"model": name, "endpoint": id}; nothing stored means the base model.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from inference.models import context_of, version_of
from webapp.generation.models import Endpoint

DEFAULTS = ("temperature", "top_p")  # which of a model's own settings are shown


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, who serves it (endpoint; None: the engine), its version as far as it is known, its context in tokens,
    and the sampling that it takes where nobody chose any.

    `key` is what options keep where the engine's name for the model changes with each version, `title` what people call
    it. A share of the conversations goes to what is on `trial`."""

    model: str
    endpoint: Endpoint | None = None
    version: str = ""
    context: int | None = None
    remark: str = ""
    defaults: tuple[tuple[str, float], ...] = ()
    key: str = ""
    title: str = ""
    trial: "Trial | None" = None

    @property
    def name(self) -> str:
        """By which it stays the same, whatever its version."""
        return self.key or self.model

    @property
    def value(self) -> str:
        """As a form sends it."""
        return f"{self.endpoint.pk if self.endpoint else ''}/{self.name}"

    @property
    def build(self) -> str:
        """Tells apart who answers, down to the weights as far as they are known; not what people call it."""
        return self.model if self.key else f"{self.value} {self.version}"

    @property
    def stored(self) -> dict[str, Any]:
        """As options keep it; nothing for the base model, so that it follows the install's."""
        if self.endpoint:
            return {"model": self.model, "endpoint": self.endpoint.pk}
        return {} if self.name == settings.SERVED_MODEL else {"model": self.name}

    @property
    def label(self) -> str:
        return f"{self.title or self.model} · {self.remark}" if self.remark else self.title or self.model

    def drawn(self, conversation: object) -> "Choice":
        """Who answers in that conversation: this one, or the one on trial; always the same while the trial lasts."""
        return self.trial.choice if self.trial and self.trial.takes(conversation) else self


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that a share of the conversations, in per cent, gets in another's place."""

    choice: Choice
    percent: int

    def takes(self, conversation: object) -> bool:
        digest = sha256(f"{self.choice.model} {conversation}".encode()).digest()
        return int.from_bytes(digest[:4]) % 100 < self.percent


Source = Callable[[int], Iterable[Choice]]  # of a team's id
_sources: list[Source] = []
_titles: list[Callable[[str], str]] = []


def register(source: Source, title: Callable[[str], str] = lambda name: "") -> None:
    """Further models that the engine serves, such as a team's adapters. `title` of a Choice's name, on offer or not;
    empty for a name that is not the source's."""
    _sources.append(source)
    _titles.append(title)


def title_of(name: str) -> str:
    """What people call the model of that name, which may be on offer no more."""
    return next((title for ask in _titles if (title := ask(name))), name)


def base_model() -> Choice:
    """What the engine serves when nothing was chosen."""
    remark = _("built-in demonstration model") if is_builtin() else ""
    model = None if settings.INFERENCE_URL and not is_builtin() else settings.MODEL  # a server elsewhere has its own
    if model is None:
        return Choice(settings.SERVED_MODEL)
    context = settings.CONTEXT_TOKENS or context_of(model)
    return Choice(settings.SERVED_MODEL, None, version_of(model), context, remark, own_sampling(model))


def is_builtin() -> bool:
    return (str(settings.BUILTIN_MODEL), settings.BUILTIN_NAME) == (settings.MODEL, settings.SERVED_MODEL)


@cache
def own_sampling(model: str) -> tuple[tuple[str, float], ...]:
    """The sampling that a model's directory asks for, which vLLM heeds."""
    file = Path(model, "generation_config.json")
    try:
        asked = json.loads(file.read_text())
    except (OSError, ValueError):
        return ()
    return tuple((name, asked[name]) for name in DEFAULTS if isinstance(asked.get(name), int | float))


def choices_for(team_id: int) -> list[Choice]:
    """Everything on offer, the base model first. One query, and those of what is registered."""
    found = [base_model()]
    for source in _sources:
        found += source(team_id)
    return found + endpoint_models(team_id)


def endpoint_models(team_id: int) -> list[Choice]:
    endpoints = Endpoint.objects.filter(team=team_id).order_by("name")
    return [
        Choice(model, endpoint, context=endpoint.listed.get(model))
        for endpoint in endpoints
        for model in endpoint.served
    ]


def chosen(team_id: int, options: dict[str, Any]) -> Choice | None:
    """What these options ask for; None where it is on offer no more. No query for the base model."""
    if not options.get("model") or (options.get("model") == settings.SERVED_MODEL and not options.get("endpoint")):
        return base_model()
    wanted = options["model"], options.get("endpoint")
    found = (c for c in choices_for(team_id) if (c.name, c.endpoint and c.endpoint.pk) == wanted)
    return next(found, None)
