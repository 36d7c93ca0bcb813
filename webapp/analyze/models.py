"""Analysis: texts whose sentiment is wanted, one a row."""

from django.db import models
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from webapp.chat.models import Conversation
from webapp.generation.models import Generation


class Label(models.TextChoices):
    """As inference.prompts.SENTIMENTS names them to the model."""

    POSITIVE = "positive", _("Positive")
    NEUTRAL = "neutral", _("Neutral")
    NEGATIVE = "negative", _("Negative")


class Trouble(models.TextChoices):
    """Why a row has no label, beside the reasons for which a reply fails."""

    BLANK = "blank", _("There is no text in this line.")
    NO_LABEL = "no_label", _("The model answered with none of the labels.")


class Analysis(models.Model):
    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, primary_key=True, related_name="analysis"
    )
    name = models.CharField(max_length=200, blank=True)  # of the file that the texts came in
    columns = models.JSONField(default=list)  # the names of a table's columns; empty for lines
    column = models.PositiveIntegerField(null=True)  # the one that holds the texts; None: not chosen yet
    stopped = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name or str(self.pk)

    @property
    def channel(self) -> str:
        """Of its generations."""
        return f"analyze.{self.pk}"


class Row(models.Model):
    """`label` is the model's, `correction` a person's; `final` (see `finals`) is what counts."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # from 1
    cells = models.JSONField()  # of the table's line; of a text the text alone
    generation = models.OneToOneField(Generation, null=True, on_delete=models.SET_NULL, related_name="+")
    label = models.CharField(max_length=8, choices=Label, blank=True)
    probabilities = models.JSONField(null=True)  # label -> probability; null where the server tells none
    confidence = models.FloatField(null=True)  # the label's probability
    failure = models.CharField(max_length=16, blank=True)  # a generation.models.Failure, or a Trouble
    correction = models.CharField(max_length=8, choices=Label, blank=True)

    text, reason, thumb = "", "", 0  # analyze.reading sets them: for a page, and for who looks at it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analysis", "number"], name="analysis_row_once")]

    def __str__(self) -> str:
        return f"{self.analysis_id} · {self.number}"


def finals(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.annotate(final=Coalesce(NullIf(F("correction"), Value("")), F("label")))
