"""What people chose for replies: the model that writes them, and how it is asked (Conversation.options).

Kept are {"model", "endpoint"} (generation.choices), "system", and SamplingParams by name; what is not there is as the
room and the model have it. A person's next conversation begins with what they chose last for its task (Preference).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.conf import settings

from inference.messages import SamplingParams
from webapp.accounts.models import Team, User
from webapp.chat.models import Conversation, Message, Preference, Task
from webapp.generation.choices import Choice, base_model, choices_for, chosen, title_of
from webapp.generation.models import Endpoint

SAMPLING = ("temperature", "top_p", "max_tokens", "seed")
MODEL = ("model", "endpoint")


def model_of(conversation: Conversation) -> Choice:
    """Who writes the next reply: what was chosen, or the base model where that is on offer no more."""
    return (chosen(conversation.team_id, conversation.options) or base_model()).drawn(conversation.pk)


def params_of(conversation: Conversation, choice: Choice, params: SamplingParams) -> SamplingParams:
    """The room's parameters, then what people chose. Our own limit of length is no endpoint's."""
    if choice.endpoint and params.max_tokens == settings.MAX_REPLY_TOKENS:
        params = replace(params, max_tokens=None)
    return replace(params, **{name: conversation.options[name] for name in SAMPLING if name in conversation.options})


def value_of(options: dict[str, Any]) -> str:
    """The `Choice.value` of what these options ask for, on offer or not."""
    return f"{options.get('endpoint') or ''}/{options.get('model') or settings.SERVED_MODEL}"


def told(conversation: Conversation, written: Iterable[Message]) -> str:
    """The `Picker.mark` that a page should show, as far as it is known without a query: what is on offer no more shows
    in that the base model wrote the last reply."""
    replies = [message.generation for message in written if message.generation]
    instead = bool(replies) and (replies[-1].model, replies[-1].endpoint_id) == (settings.SERVED_MODEL, None)
    return mark(value_of(conversation.options), gone=instead and bool(conversation.options.get("model")))


def mark(value: str, *, gone: bool) -> str:
    return f"{value} gone" if gone else value


@dataclass(frozen=True, slots=True)
class Picker:
    """The models on offer, the one that answers, and `gone`: the one that was chosen and is on offer no more. `mark`
    tells whether what a page shows is still so."""

    choices: list[Choice]
    chosen: Choice
    gone: str
    mark: str

    def groups(self) -> Iterator[tuple[Endpoint | None, list[Choice]]]:
        for endpoint, choices in groupby(self.choices, lambda choice: choice.endpoint):
            yield endpoint, list(choices)

    @property
    def defaults(self) -> dict[str, float]:
        """The sampling where nobody chose any, as far as it is known."""
        own = {} if self.chosen.endpoint else {"max_tokens": settings.MAX_REPLY_TOKENS}
        return own | dict(self.chosen.defaults)


def picker_for(team_id: int, options: dict[str, Any]) -> Picker:
    """One query."""
    choices = choices_for(team_id)
    wanted = value_of(options)
    found = next((choice for choice in choices if choice.value == wanted), None)
    gone = "" if found else title_of(str(options.get("model", "")))
    return Picker(choices, found or choices[0], gone, mark(wanted, gone=bool(gone)))


def preference(user: User, team: Team, task: str = Task.CHAT) -> dict[str, Any]:
    """With what that person's next conversation of that task begins in the team. Where they chose nothing for it yet,
    it is the model with which they chat."""
    kept = Preference.objects.filter(user=user, team=team).first()
    options = kept.options if kept else {}
    return options[task] if task in options else model_in(options.get(Task.CHAT, {}))


def model_in(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in MODEL if name in options}


def without_model(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in MODEL}
