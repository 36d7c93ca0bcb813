"""A document is a conversation whose messages are the steps of its making; a version is a reply, or an edit by hand."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Q
from django.http import Http404
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from webapp.accounts.models import User
from webapp.chat import access
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.generation.models import Failure, Status
from webapp.write.texts import Place

VERSIONS_PAGE = 30


class Action(models.TextChoices):
    """What was done: as the list of versions says it."""

    WRITE = "write", _("Written")
    CONTINUE = "continue", _("Continued")
    SHORTEN = "shorten", _("Shortened")
    LENGTHEN = "lengthen", _("Lengthened")
    REWRITE = "rewrite", _("Reworded")
    TONE = "tone", _("Tone changed")
    CHANGE = "change", _("Changed as asked")
    EDIT = "edit", _("Edited by hand")

    @property
    def request(self) -> StrOrPromise:
        """What somebody says who presses the button."""
        return REQUESTS[self]


REQUESTS: dict[Action, StrOrPromise] = {
    Action.CONTINUE: _("Continue"),
    Action.SHORTEN: _("Shorten"),
    Action.LENGTHEN: _("Lengthen"),
    Action.REWRITE: _("Reword"),
    Action.TONE: _("Change the tone"),
}


@dataclass(frozen=True)
class Version:
    """`message` comes with its generation and its parent: see VERSION. `number`: which it is in the list, from 1."""

    message: Message
    number: int = 0

    @property
    def request(self) -> Message:
        """What was asked for; of an edit the edit itself."""
        if self.message.role == Role.USER or self.message.parent is None:
            return self.message
        return self.message.parent

    @property
    def action(self) -> Action:
        """What came in from elsewhere does not say."""
        asked = self.request.details.get("action", "")
        return Action(asked) if asked in Action else Action.WRITE

    @property
    def note(self) -> str:
        """What was asked for, in a few words; or why there is nothing."""
        if self.status in (Status.FAILED, Status.STOPPED):
            return str(Status(self.status).label)
        return Truncator(self.request.details.get("instruction", "")).chars(40)

    @property
    def by_hand(self) -> bool:
        return self.action == Action.EDIT

    @cached_property
    def place(self) -> Place:
        change = getattr(self.request, "change", None)  # the other end of Change.message
        return Place(change.before, change.selected, change.after) if change else Place()

    @cached_property
    def text(self) -> str:
        if self.by_hand:
            return self.message.content
        return self.place.put(self.message.text if self.message.role == Role.ASSISTANT else "")

    @property
    def previous_id(self) -> int | None:
        return self.request.parent_id

    @property
    def status(self) -> str:
        return self.message.status

    @property
    def active(self) -> bool:
        return self.message.active

    @property
    def cut_off(self) -> bool:
        """The model did not come to its end."""
        generation = self.message.generation
        stopped = self.status in (Status.STOPPED, Status.FAILED)
        return generation is not None and (stopped or generation.finish_reason == "length")

    @property
    def trouble(self) -> StrOrPromise:
        """Why there is no such version, in a sentence; empty where there is."""
        generation = self.message.generation
        if generation is None or self.status != Status.FAILED:
            return ""
        if generation.failure == Failure.TOO_LONG:
            return _("The text is longer than the model can read at once. Select a part of it, and change that.")
        return generation.get_failure_display()

    @property
    def wrote_nothing(self) -> bool:
        """It ended in order, and without a word."""
        generation = self.message.generation
        return generation is not None and not self.active and not generation.text.strip() and not self.trouble


def language_of(conversation: Conversation) -> str:
    first = conversation.messages.filter(parent=None).order_by("pk").only("details").first()
    return (first.details.get("language") if first else None) or "en"


VERSION = ("generation", "author", "parent__author", "parent__change", "change", "conversation")


def current_version(conversation: Conversation) -> Version:
    assert conversation.leaf_id is not None
    return Version(Message.objects.select_related(*VERSION).get(pk=conversation.leaf_id))


def version_for(user: User, conversation_id: UUID, message_id: int, *, to: str = "read") -> Version:
    """Raises Http404 where it is no version of a document that this person sees, PermissionDenied as access does."""
    conversation = access.conversation_for(user, conversation_id, to=to, task=Task.WRITE)
    found = versions_in(conversation).select_related(*VERSION).filter(pk=message_id).first()
    if found is None:
        raise Http404
    found.conversation = conversation
    return Version(found)


def versions_in(conversation: Conversation) -> models.QuerySet[Message]:
    made = Q(role=Role.ASSISTANT) | Q(role=Role.USER, details__action=Action.EDIT)
    return Message.objects.filter(made, conversation=conversation)


def versions_page(conversation: Conversation, number: str | int = 1) -> Page[Any]:
    """The newest first, without their texts, each with its number."""
    light = versions_in(conversation).select_related("generation", "author", "parent__author")
    light = light.defer("content", "words", "generation__text", "generation__prompt", "generation__logprobs")
    light = light.defer("parent__words")
    page: Page[Any] = Paginator(light.order_by("-pk"), VERSIONS_PAGE).get_page(number)
    first = page.paginator.count - page.start_index() + 1
    page.object_list = [Version(message, first - n) for n, message in enumerate(page.object_list)]
    return page


def next_version_id(version: Version) -> int | None:
    """The newest one made from it."""
    step = version.message.children.filter(role=Role.USER).order_by("-pk").first()
    if step is None:
        return None
    if step.details.get("action") == Action.EDIT:
        return step.pk
    return step.children.filter(role=Role.ASSISTANT).order_by("-pk").values_list("pk", flat=True).first()
