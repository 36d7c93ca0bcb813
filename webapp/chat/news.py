"""Tells the lists of conversations that people have open that something in them changed."""

from django.db import transaction

from webapp.chat.models import Conversation
from webapp.lib.groups import tell


def person_group(user_id: int) -> str:
    return f"list.person.{user_id}"


def team_group(team_id: int) -> str:
    return f"list.team.{team_id}"


def list_changed(conversation: Conversation, *, team: bool | None = None) -> None:
    """When this transaction commits. `team`: whether colleagues see a difference; by default as it is shared."""
    told = conversation.shared if team is None else team
    group = team_group(conversation.team_id) if told else person_group(conversation.author_id)
    event = {"type": "list.changed", "id": str(conversation.task), "of": str(conversation.pk)}
    transaction.on_commit(lambda: tell(group, event))


def pins_changed(user_id: int, task: str) -> None:
    transaction.on_commit(lambda: tell(person_group(user_id), {"type": "list.changed", "id": task, "of": ""}))
