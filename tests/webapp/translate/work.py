"""Translating without an engine: texts that are asked for, and segments that end as the test says."""

from collections.abc import Iterable

from webapp.accounts.models import User
from webapp.chat.models import Conversation
from webapp.generation import services as generation_services
from webapp.generation.models import Generation, Status
from webapp.translate import services
from webapp.translate.asking import ask
from webapp.translate.models import Segment
from webapp.translate.reading import Reading, read


def start(author: User, text: str, *, source: str = "en", target: str = "de", shared: bool = False) -> Conversation:
    team = author.memberships.get().team
    found = services.start(team=team, author=author, asked=ask(text, source=source, target=target))
    Conversation.objects.filter(pk=found.pk).update(shared=shared)
    return Conversation.objects.get(pk=found.pk)


def change(conversation: Conversation, text: str, *, source: str = "en", target: str = "de") -> None:
    asked = ask(text, source=source, target=target)
    services.translate(conversation=conversation, author=conversation.author, asked=asked)


def active(conversation: Conversation) -> list[str]:
    """The source texts of what is being written, in the order in which they were asked for."""
    rows = conversation.segments.filter(dropped=False, generation__status__in=("queued", "streaming"))
    return list(rows.order_by("generation_id").values_list("text", flat=True))


def end(
    conversation: Conversation, texts: Iterable[str] | None = None, status: Status = Status.DONE, **outcome
) -> None:
    """Segments end: those with these texts, or whatever is being written. A translation is its text in capitals."""
    for text in list(texts or active(conversation)):
        row = Segment.objects.filter(conversation=conversation, text=text, generation__status="queued").first()
        assert row is not None, text
        values = {"text": text.upper()} | outcome
        assert generation_services.end(row.generation, where={"status": "queued"}, status=status, **values)


def end_all(conversation: Conversation) -> None:
    while active(conversation):
        end(conversation)


def shown(conversation: Conversation) -> Reading:
    conversation.refresh_from_db()
    return read(conversation)


def asked_for() -> int:
    return Generation.objects.count()
