"""Which room a page belongs to: its buttons and its list speak of that room's things."""

from dataclasses import dataclass

from django import template
from django.template.context import Context
from django_stubs_ext import StrOrPromise

from webapp.chat.models import Task
from webapp.chat.tasks import room_of

register = template.Library()
ELSEWHERE = ("files", "shortcuts")  # pages of chat's that belong to no room


@dataclass(frozen=True, slots=True)
class Here:
    """`task` is chat's where a page belongs to no room; then it is not `inside`."""

    task: Task
    inside: bool
    things: StrOrPromise
    new: StrOrPromise


@register.simple_tag(takes_context=True)
def this_room(context: Context) -> Here:
    """By the context's `task`, else by the address."""
    match = getattr(context.get("request"), "resolver_match", None)
    told = context.get("task") or (match.namespace if match and match.url_name not in ELSEWHERE else "")
    task = Task(told) if told in Task else Task.CHAT
    room = room_of(task)
    return Here(task, told in Task, room.things, room.new)
