"""The rows of a dataset as the review table shows them: filtered, a page at a time."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from webapp.datasets import lessons, personal
from webapp.datasets.models import Dataset, Review, Row
from webapp.lib import languages
from webapp.lib.sentences import told

A_PAGE = 50
EXCERPT = 400  # characters of a text in the table


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rows are wanted: of one verdict, with a text, with a problem."""

    review: str = ""
    text: str = ""
    flagged: bool = False
    page: str = "1"

    @classmethod
    def of(cls, query: QueryDict) -> "Wish":
        review = query.get("review", "")
        text = query.get("q", "").strip()[:200].replace("\x00", "")
        return cls(review if review in Review else "", text, query.get("flagged") == "1", query.get("page", "1"))

    @property
    def query(self) -> str:
        """For a link, without the page."""
        said = {"review": self.review, "q": self.text, "flagged": "1" if self.flagged else ""}
        return urlencode({name: value for name, value in said.items() if value})

    def of_rows(self, dataset: Dataset) -> QuerySet[Row]:
        rows = dataset.rows.all()
        if self.review:
            rows = rows.filter(review=self.review)
        if self.flagged:
            rows = rows.filter(flagged=True)
        if self.text:  # as it is written within JSON
            sought = json.dumps(self.text, ensure_ascii=False)[1:-1]
            rows = rows.annotate(written=Cast("values", TextField())).filter(written__icontains=sought)
        return rows


@dataclass(frozen=True, slots=True)
class Line:
    """A row as a line of the table."""

    row: Row
    question: str
    reply: str
    second: str  # the worse answer of a pair
    thumb: bool | None
    problems: list[tuple[str, object]]  # (kind, what of it)
    language: str


def line(row: Row) -> Line:
    values = row.values
    notes = row.notes
    found: list[tuple[str, object]] = [("personal", personal.NAMES[kind]) for kind in notes.get("personal", ())]
    found += [(name, notes[name]) for name in ("same_as", "like", "cut") if notes.get(name)]
    found += [("unfit", told(notes["unfit"]))] if notes.get("unfit") else []
    return Line(
        row,
        lessons.question(values)[:EXCERPT],
        lessons.reply(values)[:EXCERPT],
        values.get("rejected", "")[:EXCERPT],
        values.get("label"),
        found,
        languages.name(notes["language"]) if notes.get("language") else "",
    )


def lines_of(dataset: Dataset, wish: Wish) -> tuple[Page, list[Line]]:
    page = Paginator(wish.of_rows(dataset).order_by("number"), A_PAGE).get_page(wish.page)
    return page, [line(row) for row in page]


def counts(dataset: Dataset) -> dict[str, int]:
    """How many rows have which verdict, and in all; how many have a problem."""
    found = dict(dataset.rows.values_list("review").annotate(Count("pk")))
    flagged = dataset.rows.aggregate(flagged=Count("pk", filter=Q(flagged=True)))
    return {**{review: found.get(review, 0) for review in Review.values}, "all": sum(found.values()), **flagged}
