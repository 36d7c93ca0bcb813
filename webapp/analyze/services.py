"""What happens to an analysis: every change is one transaction, and tells those who look on when it is committed."""

from uuid import UUID

from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.analyze.labelling import fill, in_flight, locked
from webapp.analyze.models import Analysis, Row, Trouble
from webapp.analyze.tables import Table
from webapp.chat import services, titles
from webapp.chat.forms import LONGEST_MESSAGE
from webapp.chat.models import Conversation, Feedback, Message, Role, Task
from webapp.generation import services as generation_services
from webapp.generation.models import Generation
from webapp.lib import words
from webapp.lib.groups import tell


@transaction.atomic
def analyze(
    *,
    team: Team,
    author: User,
    table: Table,
    text: str,
    name: str = "",
    options: dict | None = None,
    client_id: UUID | None = None,
) -> Conversation:
    """A new analysis; it begins at once where nobody has to choose a column. Asked twice with one client_id, it is one.
    `text` is what it came as: what the search finds."""
    known = Message.objects.filter(client_id=client_id, author=author, conversation__task=Task.ANALYZE).first()
    if client_id and known:
        return known.conversation
    conversation = services.create_conversation(team=team, author=author, task=Task.ANALYZE, options=options)
    conversation.leaf = Message.objects.create(
        conversation=conversation,
        role=Role.USER,
        author=author,
        content=text[:LONGEST_MESSAGE],
        client_id=client_id,
        words=words.stored(text),
    )
    services.name(conversation, titles.shortened(name) if name else titles.from_text(text))
    analysis = Analysis.objects.create(conversation=conversation, name=name[:200], columns=table.columns)
    Row.objects.bulk_create(
        (Row(analysis=analysis, number=n, cells=cells) for n, cells in enumerate(table.rows, start=1)), batch_size=1000
    )
    services.changed(conversation)
    if table.column is not None:
        begin(analysis=analysis, column=table.column)
    return conversation


@transaction.atomic
def begin(*, analysis: Analysis, column: int) -> None:
    """Takes the texts from that column. A second time it changes nothing."""
    analysis = locked(analysis.pk)
    if analysis.column is not None:
        return
    analysis.column = column
    analysis.save(update_fields=["column"])
    analysis.rows.filter(**{f"cells__{column}__regex": r"^\s*$"}).update(failure=Trouble.BLANK)
    fill(analysis)
    _tell(analysis)


def stop(*, analysis: Analysis) -> None:
    """No further row is asked for; then those stop that are with the model. In several transactions: whoever ends a
    generation locks that before the analysis."""
    _set_stopped(analysis, stopped=True)
    for generation in Generation.objects.filter(pk__in=in_flight(analysis).values("generation")):
        generation_services.stop_generation(generation)
    _tell(analysis)


@transaction.atomic
def go_on(*, analysis: Analysis) -> None:
    """With the rows that are still to be asked for, and with those that failed."""
    analysis = _set_stopped(analysis, stopped=False)
    failed = analysis.rows.exclude(failure="").exclude(failure=Trouble.BLANK)
    failed.update(failure="", generation=None)
    fill(analysis)
    _tell(analysis)


@transaction.atomic
def _set_stopped(analysis: Analysis, *, stopped: bool) -> Analysis:
    analysis = locked(analysis.pk)
    analysis.stopped = stopped
    analysis.save(update_fields=["stopped"])
    return analysis


@transaction.atomic
def correct(*, row: Row, author: User, label: str) -> Row:
    """Says what the label should have been; the model's own label takes a correction back. A row that somebody has a
    word on becomes a question and its reply, so that feedback on it is kept as on every reply."""
    row = Row.objects.select_for_update().get(pk=row.pk)
    row.correction = "" if label == row.label else label
    row.save(update_fields=["correction"])
    reply = _reply_of(row)
    Feedback.objects.update_or_create(message=reply, author=author, defaults={"correction": row.correction})
    _tell(row.analysis)
    return row


@transaction.atomic
def judge(*, row: Row, author: User, thumb: int) -> None:
    row = Row.objects.select_for_update().get(pk=row.pk)
    Feedback.objects.update_or_create(message=_reply_of(row), author=author, defaults={"thumb": thumb})


def _reply_of(row: Row) -> Message:
    """Beside the path that the conversation shows. Its text is the label: the generation stays the row's."""
    conversation = row.analysis.conversation
    known = conversation.messages.filter(role=Role.ASSISTANT, details__row=row.number).first()
    if known:
        return known
    about = {"conversation": conversation, "details": {"row": row.number}}
    question = Message.objects.create(role=Role.USER, content=row.cells[row.analysis.column or 0], **about)
    return Message.objects.create(role=Role.ASSISTANT, content=row.label, parent=question, **about)


def _tell(analysis: Analysis) -> None:
    channel = analysis.channel
    transaction.on_commit(lambda: tell(channel, {"type": "rows.changed"}))
