"""Conversation and Message: a tree of messages, of which one path is shown."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Team
from webapp.generation.models import Generation, Status
from webapp.lib import markdown, words


class Task(models.TextChoices):
    """What a conversation is for; each value is also the name of a room and of its URLs' namespace."""

    CHAT = "chat", _("Chat")
    WRITE = "write", _("Write")
    TRANSLATE = "translate", _("Translate")
    ASK = "ask", _("Ask")
    ANALYZE = "analyze", _("Analyze")


class Conversation(models.Model):
    """`leaf` is the last message of the path that is shown; `revision` grows with every change but the text of a reply
    being written, so that a page can tell whether it missed something."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="conversations")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    task = models.CharField(max_length=12, choices=Task, default=Task.CHAT)
    title = models.CharField(max_length=120, blank=True)
    title_is_ours = models.BooleanField(default=True)  # False once a person has named it
    options = models.JSONField(default=dict)  # chosen by people: model, endpoint, system and SamplingParams by name
    shared = models.BooleanField(default=False)  # with the team; otherwise the author's alone
    leaf = models.ForeignKey("Message", null=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveIntegerField(default=0)
    words = SearchVectorField(null=True)  # of the title
    origin = models.CharField(max_length=120, blank=True)  # of an imported one: what it was in the file it came from
    deleted_at = models.DateTimeField(null=True)  # hidden from then on, and for a while it can be brought back
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    rights: tuple[str, ...] = ()  # of the person for whom chat.access found it
    renamed = False  # its title is to be stored with the next change (chat.services.name sets it)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-updated_at"], name="conversation_recent"),
            GinIndex(fields=["words"], name="conversation_words"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "author", "origin"], condition=~models.Q(origin=""), name="import_once"
            )
        ]

    def __str__(self) -> str:
        return self.title or str(_("New chat"))

    def get_absolute_url(self) -> str:
        return reverse(f"{self.task}:conversation", args=[self.pk])

    @property
    def channel(self) -> str:
        """The Channels group of everybody who looks on."""
        return f"chat.{self.pk}"


class Pin(models.Model):
    """One person's: the conversation stands at the top of their list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pins")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="pins")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "conversation"], name="pin_once")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.conversation_id}"


class Preference(models.Model):
    """What one person chose last in one team: the options with which their next conversation of a task begins."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    options = models.JSONField(default=dict)  # {task: as Conversation.options}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.team_id}"


class Role(models.TextChoices):
    USER = "user", _("User")
    ASSISTANT = "assistant", _("Assistant")


class Message(models.Model):
    """What a person wrote is in `content`; what the model wrote is its generation's text."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    role = models.CharField(max_length=9, choices=Role)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    content = models.TextField(blank=True)
    details = models.JSONField(default=dict)  # what a room asked beside the text: languages, kind, passage …
    generation = models.OneToOneField(Generation, null=True, on_delete=models.PROTECT, related_name="+")
    waiting = models.BooleanField(default=False)  # for its turn, while an earlier message is being answered
    client_id = models.UUIDField(null=True)  # made by the page, so that a message sent twice is stored once
    words = SearchVectorField(null=True)  # of its text, for the search
    created_at = models.DateTimeField(default=timezone.now)

    sibling_ids: tuple[int, ...] = ()
    as_of = 0  # the revision of its conversation when it was read (chat.thread sets it)
    first_read = False  # nothing before it was read for the path's last reply (chat.thread sets it)
    my_thumb, my_correction = 0, ""  # the viewer's own feedback (chat.thread sets them)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "client_id"], name="message_once")]
        indexes = [GinIndex(fields=["words"], name="message_words")]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Its words go with its content; those of a reply are stored when it ends (chat.services.reply_ended)."""
        if self.generation_id is None and (update_fields is None or "content" in update_fields):
            self.words = words.stored(self.content)
            update_fields = None if update_fields is None else {*update_fields, "words"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def text(self) -> str:
        return self.generation.text if self.generation else self.content

    @property
    def status(self) -> str:
        if self.generation:
            return self.generation.status
        return Status.QUEUED if self.waiting else Status.DONE

    @property
    def active(self) -> bool:
        return self.generation is not None and self.generation.active

    @property
    def blocks(self) -> list[str]:
        """Safe HTML of a reply's blocks."""
        return markdown.render(self.text)

    @property
    def may_go_on(self) -> bool:
        """Whether something is missing from this reply that its server could still write."""
        return self.generation is not None and self.generation.may_go_on

    @property
    def place(self) -> int:
        """Which of its siblings it is, from 1. Needs `sibling_ids` (chat.thread sets it), as the next two do."""
        return self.sibling_ids.index(self.pk) + 1

    @property
    def earlier_sibling(self) -> int | None:
        return self.sibling_ids[self.place - 2] if self.place > 1 else None

    @property
    def later_sibling(self) -> int | None:
        return self.sibling_ids[self.place] if self.place < len(self.sibling_ids) else None

    @property
    def fingerprint(self) -> tuple:
        """Changes when the message must be drawn anew, its growing text apart."""
        return "active" if self.active else self.status, self.content, self.sibling_ids, self.first_read


class Thumb(models.IntegerChoices):
    DOWN = -1, _("Bad answer")
    NONE = 0, ""
    UP = 1, _("Good answer")


class Feedback(models.Model):
    """One person's word on a reply: a thumb, and the answer that would have been right. Training data later."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    thumb = models.SmallIntegerField(choices=Thumb, default=Thumb.NONE)
    correction = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "author"], name="feedback_once")]

    def __str__(self) -> str:
        return f"{self.message_id} · {self.get_thumb_display()}"


class Progress(models.TextChoices):
    """Of a file that is being imported."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Importing")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Failed")


class Refusal(models.TextChoices):
    """Why one conversation was not imported."""

    EMPTY = "empty", _("It holds no messages.")
    DAMAGED = "damaged", _("It is damaged.")
    TOO_LONG = "too_long", _("It is too long.")


class FileFailure(models.TextChoices):
    """Why a file could not be read, or only to some point."""

    NOT_JSON = "not_json", _("This is neither a JSON file nor a ZIP archive that holds one.")
    FOREIGN = "foreign", _("This is neither an export of Colloquy nor one of ChatGPT.")
    NEWER = "newer", _("A newer Colloquy made this export. Update this one first.")
    NOTHING = "nothing", _("The archive holds no conversations.json.")
    TOO_LARGE = "too_large", _("The archive is too large when it is unpacked.")
    DAMAGED = "damaged", _("The file is damaged or cut off. What came before that place was imported.")
    BROKEN_OFF = "broken_off", _("The import broke off. Bring the file once more: nothing is imported twice.")


class Import(models.Model):
    """A file of conversations that somebody brought; its bytes are kept in parts until it was read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=7, choices=Progress, default=Progress.QUEUED)
    read = models.BigIntegerField(default=0)  # bytes, unpacked
    size = models.BigIntegerField(default=0)  # of all
    imported = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)  # that were here already
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list)  # of the first ones: [title, Refusal]
    failure = models.CharField(max_length=12, choices=FileFailure, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name

    @property
    def active(self) -> bool:
        return self.status in (Progress.QUEUED, Progress.RUNNING)

    @property
    def refusals_in_words(self) -> list[tuple[str, str]]:
        return [(title, str(Refusal(reason).label)) for title, reason in self.refusals]

    @property
    def percent(self) -> int:
        return min(100, self.read * 100 // self.size) if self.size else 0


class ImportPart(models.Model):
    whole = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["whole", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.whole_id} · {self.number}"
