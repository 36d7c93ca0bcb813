"""Changing what is chosen: in a conversation, and for a person's next ones."""

from typing import Any

from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.chat import services
from webapp.chat.models import Conversation, Preference, Task
from webapp.chat.options import model_in, preference, without_model


@transaction.atomic
def prefer(*, user: User, team: Team, options: dict[str, Any], task: str = Task.CHAT) -> None:
    kept, _ = Preference.objects.select_for_update().get_or_create(user=user, team=team)
    kept.options[task] = options
    kept.save(update_fields=["options"])


@transaction.atomic
def choose(*, conversation: Conversation, user: User, options: dict[str, Any]) -> None:
    """Replies from the next one on go by these options. The model is also remembered as that person's for the task."""
    conversation = services.locked(conversation)
    if model_in(options) != model_in(conversation.options):
        own = without_model(preference(user, conversation.team, conversation.task))
        prefer(user=user, team=conversation.team, options=own | model_in(options), task=conversation.task)
    Conversation.objects.filter(pk=conversation.pk).update(options=options)
    services.changed(conversation)
