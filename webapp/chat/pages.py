"""What the chat page is made of, as HTML: the same pieces serve the first load and the socket."""

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.template.loader import render_to_string

from webapp.accounts.models import Team, User
from webapp.chat import access, thread
from webapp.chat.models import Conversation, Message, Task
from webapp.chat.tasks import room_of

LIST_PAGE = 40


@dataclass(frozen=True, slots=True)
class View:
    """What one person sees of a conversation, loaded at one moment."""

    conversation: Conversation
    messages: list[Message]

    def context(self) -> dict:
        return {
            "conversation": self.conversation,
            "thread": self.messages,
            "may_write": "write" in self.conversation.rights,
            "may_manage": "manage" in self.conversation.rights,
            "older": self.messages[0].parent_id if self.messages else None,
            "message_template": room_of(self.conversation.task).message_template,
        }

    def html(self, name: str, **more) -> str:
        """A template's output as a plain str, which JSON encoders know."""
        return render_to_string(f"chat/{name}.html", {**self.context(), **more}) + ""


def view_for(user: User, conversation_id: UUID) -> View:
    """Raises Http404 and PermissionDenied as `access.conversation_for` does. Loaded again when it changed meanwhile:
    with messages newer than its revision nobody could tell whether a page shows them."""
    while True:
        conversation = access.conversation_for(user, conversation_id)
        view = View(conversation, thread.shown(conversation))
        if Conversation.objects.filter(pk=conversation_id, revision=conversation.revision).exists():
            return view


def recent(user: User, team: Team, number: str | int = 1, *, task: Task = Task.CHAT) -> Page:
    """A page of the conversations that have something in them."""
    found = access.conversations_for(user, team, task=task).exclude(leaf=None)
    return Paginator(found, LIST_PAGE).get_page(number)
