"""What the chat page is made of, as HTML: the same pieces serve the first load and the socket."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string

from webapp.accounts.models import Team, User
from webapp.chat import access, thread
from webapp.chat.models import Conversation, Message, Task
from webapp.chat.tasks import room_of

LIST_PAGE = 40
MOST_PAGES = 50  # fetched at once when the list is drawn anew


@dataclass(frozen=True, slots=True)
class View:
    """What one person sees of a conversation, loaded at one moment."""

    conversation: Conversation
    messages: list[Message]
    viewer: User

    def context(self) -> dict:
        return {
            "conversation": self.conversation,
            "thread": self.messages,
            "viewer": self.viewer,
            "may_write": "write" in self.conversation.rights,
            "may_manage": "manage" in self.conversation.rights,
            "older": self.messages[0].parent_id if self.messages else None,
            "message_template": room_of(self.conversation.task).message_template,
        }

    def html(self, name: str, **more) -> str:
        """A template's output as a plain str, which JSON encoders know."""
        return render_to_string(f"chat/{name}.html", {**self.context(), **more}) + ""


def view_for(user: User, conversation_id: UUID, reaching: int | None = None) -> View:
    """`reaching`: a message that should be among those shown, if it can. Raises Http404 and PermissionDenied as
    `access.conversation_for` does. Loaded again when it changed meanwhile: with messages newer than its revision nobody
    could tell whether a page shows them."""
    while True:
        conversation = access.conversation_for(user, conversation_id)
        view = View(conversation, thread.shown(conversation, thread.window_to(conversation, reaching), user), user)
        if not view.messages or view.messages[0].as_of == conversation.revision:
            return view


def view_of_new(message: Message, user: User) -> View:
    """The end of the path from a message that was stored a moment ago, without a query; its conversation carries the
    person's rights, and its revision is that of before."""
    conversation, reply = message.conversation, message.conversation.leaf
    conversation.revision = message.as_of
    if reply is None or reply is message:
        return View(conversation, [message], user)
    reply.sibling_ids, reply.as_of = (reply.pk,), message.as_of
    return View(conversation, [message, reply], user)


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of the list of conversations; `pinned` stand above, and only on its first page. `next`: the page after."""

    rows: list[Conversation]
    pinned: list[Conversation]
    next: int | None
    pages: int


def sought(request: HttpRequest) -> int | None:
    """The message that a search found, which the page should show: ?at= of its address."""
    at = request.GET.get("at", "")
    return int(at) if at.isascii() and at.isdigit() and len(at) < 18 else None


def elsewhere(view: View, message_id: int | None) -> int | None:
    """That message, where it is one of the conversation's but on another branch than the page shows."""
    if message_id is None or message_id in {message.pk for message in view.messages}:
        return None
    found = view.conversation.messages.filter(pk=message_id).exists()
    return message_id if found and message_id not in thread.path_ids(view.conversation.leaf_id or 0, 10_000) else None


def recent(user: User, team: Team, number: int = 1, *, task: Task = Task.CHAT, pages: int = 1) -> Listing:
    """So many pages of the conversations that have something in them, from that one on."""
    found = access.conversations_for(user, team, task=task).exclude(leaf=None)
    pinned = list(found.filter(pins__user=user).order_by("-pins__created_at"))
    start, end = (number - 1) * LIST_PAGE, (number - 1 + min(pages, MOST_PAGES)) * LIST_PAGE
    rows = list(found.exclude(pk__in=[row.pk for row in pinned])[start : end + 1])
    following = end // LIST_PAGE + 1 if len(rows) > end - start else None
    return Listing(rows[: end - start], pinned if number == 1 else [], following, pages)
