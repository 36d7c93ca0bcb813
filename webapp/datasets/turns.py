"""The conversation of a row while somebody edits it: what the form holds, and turns that are put in or taken out.

Turns go in and out two at a time, a question and its answer, so that what is left is a row that can be learnt
(training/lessons.py): user and assistant in turn, before them perhaps one system message.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice

from webapp.datasets.lessons import Values

LAST = {"messages": "assistant", "prompt": "user"}  # who says the last of its turns
ANSWERS = ("chosen", "rejected", "completion")
MOST = 400


def field_of(values: Values) -> str:
    return next(field for field in LAST if field in values)


def roles_of(values: Values) -> list[str]:
    return [turn["role"] for turn in values[field_of(values)]]


def held(values: Values, posted: Mapping[str, str]) -> Values:
    """What a form of this row holds, be it good or not. Who speaks when is as it was where the form does not say."""
    field = field_of(values)
    roles = posted.get("roles", "").split()
    if not fits(roles, LAST[field]):
        roles = roles_of(values)
    turns = [{"role": role, "content": _said(posted, f"{field}-{at}")} for at, role in enumerate(roles)]
    answers = {name: _said(posted, name) for name in ANSWERS if name in values}
    thumb = {"label": posted.get("label") != "down"} if "label" in values else {}
    return {**values, field: turns, **answers, **thumb}


def _said(posted: Mapping[str, str], name: str) -> str:
    return posted.get(name, "").replace("\r\n", "\n")


def changed(values: Values, change: str) -> Values:
    """`change`: "add-2" puts a question and an answer before turn 2, "drop-2" takes that turn and the next away,
    "system" puts a system message first, "no-system" takes it away. What would not be a conversation is not done."""
    field = field_of(values)
    turns = list(values[field])
    verb, _, place = change.partition("-")
    at = int(place) if place.isdecimal() else 0
    if verb == "add":
        turns[at:at] = [{"role": role, "content": ""} for role in ("user", "assistant")]
    elif verb == "drop":
        del turns[at : at + 2]
    elif verb == "system":
        turns.insert(0, {"role": "system", "content": ""})
    elif change == "no-system":
        del turns[:1]
    else:
        return values
    roles = [turn["role"] for turn in turns]
    return {**values, field: turns} if fits(roles, LAST[field]) else values


def fits(roles: Sequence[str], last: str) -> bool:
    turns = roles[1:] if roles[:1] == ["system"] else roles
    alternating = list(islice(cycle(("user", "assistant")), len(turns)))
    return 0 < len(turns) <= MOST and list(turns) == alternating and turns[-1] == last
