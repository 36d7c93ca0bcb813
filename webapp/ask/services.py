"""What happens in this room beside what happens to every conversation."""

from uuid import UUID

from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.ask.models import Passage
from webapp.chat import services
from webapp.chat.models import Conversation, Message, Task
from webapp.lib import words


@transaction.atomic
def ask(
    *,
    team: Team,
    author: User,
    passage: str,
    question: str,
    name: str = "",
    options: dict | None = None,
    client_id: UUID | None = None,
) -> Conversation:
    """A new conversation about a passage, with its first question. Asked twice with one client_id, it is one."""
    known = Message.objects.filter(client_id=client_id, author=author, conversation__task=Task.ASK).first()
    if client_id and known:
        return known.conversation
    conversation = services.create_conversation(team=team, author=author, task=Task.ASK, options=options)
    Passage.objects.create(conversation=conversation, name=name[:200], text=passage)
    asked = services.post_message(conversation=conversation, author=author, text=question, client_id=client_id)
    find_with(asked, passage)
    return conversation


def find_with(question: Message, passage: str) -> None:
    """Has a search for words of the passage find its first question."""
    found = words.stored(f"{question.content}\n{passage}")
    Message.objects.filter(pk=question.pk).update(words=found)
