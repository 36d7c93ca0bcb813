"""An analysis as a page shows it: how far it is, the picture, and a part of its rows, sorted and filtered."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q
from django.http import Http404

from webapp.accounts.models import User
from webapp.analyze.models import Analysis, Label, Row, Trouble, finals
from webapp.chat import access
from webapp.chat.models import Feedback, Task
from webapp.generation.models import ACTIVE, Failure

A_PAGE = 50
ORDERS = {
    "number": ("number",),
    "-number": ("-number",),
    "label": ("final", "number"),
    "-label": ("-final", "number"),
    "confidence": (F("confidence").asc(nulls_last=True), "number"),
    "-confidence": (F("confidence").desc(nulls_last=True), "number"),
}
REASONS = {**dict(Failure.choices), **dict(Trouble.choices)}


@dataclass(frozen=True, slots=True)
class Bar:
    """One label's part of the picture, in per cent of its width."""

    label: Label
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    total: int
    labelled: int
    failed: int
    blank: int
    corrected: int
    running: bool
    counts: dict[str, int]

    @property
    def shown(self) -> str:
        """Differs where a page would look different."""
        return " ".join(map(str, [self.done, self.failed, self.corrected, int(self.running), *self.counts.values()]))

    @property
    def done(self) -> int:
        return self.labelled + self.failed + self.blank

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def bars(self) -> list[Bar]:
        found, start = [], 0.0
        for label in Label:
            width = 100 * self.counts[label] / self.labelled if self.labelled else 0.0
            found.append(Bar(label, self.counts[label], start, width))
            start += width
        return found


def analysis_for(user: User, conversation_id: UUID, *, to: str = "read") -> Analysis:
    """With its conversation, which carries the person's rights. Raises Http404, PermissionDenied."""
    conversation = access.conversation_for(user, conversation_id, to=to, task=Task.ANALYZE)
    analysis = Analysis.objects.filter(pk=conversation.pk).first()
    if analysis is None:
        raise Http404
    analysis.conversation = conversation
    return analysis


def row_for(user: User, conversation_id: UUID, number: int) -> Row:
    """Raises Http404 also where there is no label yet that one could have a word on."""
    analysis = analysis_for(user, conversation_id, to="write")
    row = analysis.rows.filter(number=number).exclude(label="", failure="").first()
    if row is None:
        raise Http404
    row.analysis = analysis
    return row


def progress(analysis: Analysis) -> Progress:
    """One query."""
    counts = {label: Count("pk", filter=Q(final=label)) for label in Label}
    found = finals(analysis.rows.all()).aggregate(
        total=Count("pk"),
        labelled=Count("pk", filter=~Q(final="")),
        failed=Count("pk", filter=Q(final="") & ~Q(failure__in=["", Trouble.BLANK])),
        blank=Count("pk", filter=Q(final="", failure=Trouble.BLANK)),
        corrected=Count("pk", filter=~Q(correction="")),
        flying=Count("pk", filter=Q(generation__status__in=ACTIVE)),
        **{str(label): count for label, count in counts.items()},
    )
    running = found.pop("flying") > 0
    totals = {name: found.pop(name) for name in ("total", "labelled", "failed", "blank", "corrected")}
    return Progress(**totals, running=running, counts=found)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rows are wanted: one label's, those with a text, in an order."""

    label: str = ""
    text: str = ""
    order: str = "number"
    page: str = "1"

    @classmethod
    def of(cls, query: dict) -> "Wish":
        order = query.get("order", "number")
        label = query.get("label", "")
        return cls(
            label if label in (*Label.values, "failed", "corrected") else "",
            query.get("q", "").strip()[:200].replace("\x00", ""),
            order if order in ORDERS else "number",
            query.get("page", "1"),
        )


def rows_of(analysis: Analysis, wish: Wish, viewer: User) -> Page:
    """The rows of one page, each with `text`, `reason` and the viewer's `thumb`."""
    rows: Any = finals(analysis.rows.all())  # with what is annotated
    if wish.label == "failed":
        rows = rows.filter(final="").exclude(failure="")
    elif wish.label == "corrected":
        rows = rows.exclude(correction="")
    elif wish.label:
        rows = rows.filter(final=wish.label)
    if wish.text:
        rows = rows.filter(**{f"cells__{analysis.column}__icontains": wish.text})
    page = Paginator(rows.order_by(*ORDERS[wish.order]), A_PAGE).get_page(wish.page)
    thumbs = _thumbs(analysis, [row.number for row in page], viewer)
    for row in page:
        row.text = row.cells[analysis.column]
        row.reason = REASONS.get(row.failure, "")
        row.thumb = thumbs.get(row.number, 0)
    return page


def _thumbs(analysis: Analysis, numbers: list[int], viewer: User) -> dict[int, int]:
    given = Feedback.objects.filter(author=viewer, message__conversation=analysis.pk)
    return dict(given.filter(message__details__row__in=numbers).values_list("message__details__row", "thumb"))
