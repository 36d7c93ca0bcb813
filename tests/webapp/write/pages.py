"""Making documents without an engine: what people ask for, and replies that end as the test says."""

from typing import Any

from tests.webapp.chat import talk
from webapp.accounts.models import User
from webapp.chat.models import Conversation
from webapp.generation.models import Status
from webapp.write import services
from webapp.write.versions import VERSION, Version, current_version, versions_in

BRIEF = {"kind": "article", "language": "en", "words": 100, "tone": "neutral"}
THREE = "# A title\n\nOne **fine** morning, in the harbour.\n\nThe last words."


def begin(author: User, topic: str = "Harbours", **brief: Any) -> Conversation:
    """A document whose first version is being written."""
    team = author.memberships.get().team
    return services.create_document(team=team, author=author, topic=topic, brief={**BRIEF, **brief})


def write(author: User, text: str = THREE, *, shared: bool = False, **brief: Any) -> Conversation:
    """A document with that text."""
    document = begin(author, **brief)
    Conversation.objects.filter(pk=document.pk).update(shared=shared)
    talk.end(document, text)
    return fresh(document)


def fresh(document: Conversation) -> Conversation:
    return Conversation.objects.get(pk=document.pk)


def version(document: Conversation) -> Version:
    """The one that is shown."""
    return current_version(fresh(document))


def text(document: Conversation) -> str:
    return version(document).text


def ask(document: Conversation, action: str, author: User | None = None, **more: Any) -> None:
    """Presses a button of the page that shows the newest version."""
    base = version(document).message.pk
    services.change(conversation=document, author=author or document.author, base=base, action=action, **more)


def answer(document: Conversation, reply: str, status: Status = Status.DONE) -> str:
    """The model's words for what was asked last; the text that they make."""
    talk.end(document, reply, status)
    return text(document)


def versions_in_order(document: Conversation) -> list[Version]:
    found = versions_in(document).select_related(*VERSION).order_by("pk")
    return [Version(message) for message in found]
