"""What a translation looks like at one moment: for its page, for a viewer's socket, for the reply that is stored."""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.chat import access
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.generation.models import ACTIVE, Failure, Status, Waiting
from webapp.lib import languages
from webapp.translate import cutting
from webapp.translate.asking import Asked, asked_of
from webapp.translate.models import Correction, Segment
from webapp.translate.segments import Layout, current, layout, question_of, wording


@dataclass(frozen=True, slots=True)
class Part:
    """A segment in its place: `before` is what stands before it in the translation; text[start:end] is its source."""

    before: str
    key: str
    start: int
    end: int
    text: str = ""
    status: str = ""  # of its generation; "" where it was not begun
    corrected: bool = False
    generation_id: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    conversation: Conversation
    question: Message | None
    asked: Asked
    parts: list[Part]
    tail: str
    rows: dict[str, Segment]

    @property
    def target(self) -> str:
        """The translation so far."""
        return "".join(part.before + part.text for part in self.parts) + self.tail

    @property
    def status(self) -> str:
        """Of the whole: what needs a person comes first."""
        found = {part.status for part in self.parts}
        if found & {*ACTIVE}:
            return Status.STREAMING
        order = (Status.FAILED, Status.STOPPED, "")
        return next((status for status in order if status in found), Status.DONE)

    @property
    def trouble(self) -> str:
        """What keeps the translation from being whole, as a sentence."""
        for row in self.rows.values():
            if row.generation.status == Status.FAILED:
                return str(Failure(row.generation.failure).label)
        return _("Stopped.") if self.status == Status.STOPPED else ""

    @property
    def waits_for(self) -> str:
        reasons = {row.generation.waiting for row in self.rows.values() if row.generation.active}
        return str(Waiting(min(reasons, key=bool)).label) if reasons and "" not in reasons else ""

    @property
    def reply(self) -> Message | None:
        """What is kept of it among the conversation's messages."""
        return self.question and self.question.children.filter(role=Role.ASSISTANT).order_by("pk").first()

    def page(self) -> dict:
        """As static/js/translate.js reads it; offsets count characters."""
        return {
            "conversation": str(self.conversation.pk),
            "url": reverse("translate:conversation", args=[self.conversation.pk]),
            "title": str(self.conversation),
            "revision": self.conversation.revision,
            "shared": self.conversation.shared,
            "text": self.asked.text,
            "source": self.asked.source,
            "target": self.asked.target,
            "detected": self.asked.detected.code,
            "held": self.asked.held,
            "switched": self.asked.switched,
            "label": detected_label(self.asked),
            "notice": notice(self.asked),
            "parts": [[part.before, part.key, part.start, part.end] for part in self.parts],
            "tail": self.tail,
            "status": self.status,
            "trouble": self.trouble,
            "may_write": "write" in self.conversation.rights,
        }


def read(conversation: Conversation) -> Reading:
    """Two queries or three."""
    question = question_of(conversation)
    if question is None:
        return Reading(conversation, None, Asked("", "", ""), [], "", {})
    asked = asked_of(question)
    wanted = layout(conversation, asked)
    rows = rows_of(conversation, {key for key, _ in wanted})
    parts, tail = _parts(asked, wanted, rows, corrections_of(conversation, rows))
    return Reading(conversation, question, asked, parts, tail, rows)


def reading_for(user: User, conversation_id: UUID) -> Reading:
    """Raises Http404 and PermissionDenied."""
    return read(access.conversation_for(user, conversation_id, task=Task.TRANSLATE))


def rows_of(conversation: Conversation, keys: set[str]) -> dict[str, Segment]:
    found = current(conversation).filter(key__in=keys).select_related("generation")
    return {row.key: row for row in found.defer("generation__prompt")}


def corrections_of(conversation: Conversation, rows: dict[str, Segment]) -> dict[int, str]:
    """{segment id: how the last person who corrected it would have it}"""
    found = Correction.objects.filter(segment__in=rows.values()) if rows else Correction.objects.none()
    return dict(found.order_by("updated_at").values_list("segment_id", "text"))


def _parts(asked: Asked, wanted: Layout, rows: dict[str, Segment], corrected: dict[int, str]) -> tuple[list[Part], str]:
    """And what stands after the last one."""
    parts: list[Part] = []
    end = 0
    for key, piece in wanted:
        before = asked.text[end : piece.start]
        before = cutting.gap(before, asked.target) if parts else before
        parts.append(_part(before, key, piece, rows.get(key), corrected))
        end = piece.end
    return parts, "" if asked.nothing_to_do else asked.text[end:]


def _part(before: str, key: str, piece: cutting.Piece, row: Segment | None, corrected: dict[int, str]) -> Part:
    if row is None:
        return Part(before, key, piece.start, piece.end)
    text = corrected.get(row.pk) or wording(row.generation)
    place = before, key, piece.start, piece.end
    return Part(*place, text, row.generation.status, row.pk in corrected, row.generation_id)


def detected_label(asked: Asked) -> str:
    """What the list of source languages says first."""
    if asked.source or not asked.detected.code:
        return _("Detect language")
    return _("%(language)s (detected)") % {"language": languages.name(asked.detected.code)}


def notice(asked: Asked) -> str:
    """What there is to say about the languages, as a sentence."""
    language = languages.name(asked.language)
    if asked.switched:
        return _("The text is in %(language)s already, so it is translated into %(target)s.") % {
            "language": languages.name(asked.switched),
            "target": languages.name(asked.target),
        }
    if asked.text.strip() and asked.nothing_to_do:
        return _("The text is in %(language)s already. Choose another language to translate it into.") % {
            "language": language
        }
    if asked.source or asked.detected.sure or not asked.detected.code:
        return ""
    if not asked.detected.second:
        return _("This is perhaps %(language)s. Choose the language if it is not.") % {"language": language}
    return _("This is perhaps %(language)s, or else %(second)s. Choose the language if it is wrong.") % {
        "language": language,
        "second": languages.name(asked.detected.second),
    }
