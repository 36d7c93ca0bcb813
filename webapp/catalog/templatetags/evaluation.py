"""What evaluation.json calls its tasks and measures, as people know them."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

register = template.Library()

NAMES = {
    "translation": _("Translate"),
    "qa": _("Answers from a text"),
    "sentiment": _("Sentiment"),
    "chat": _("Chat"),
    "perplexity": _("Perplexity"),
    "chrf": "chrF",
    "bleu": "BLEU",
    "f1": "F1",
    "macro_f1": "F1 (macro)",
    "em": _("exact match"),
    "refused": _("rightly declined, %"),
    "refused_wrongly": _("wrongly declined, %"),
    "accuracy": _("accuracy, %"),
    "distinct_1": "distinct-1",
    "distinct_2": "distinct-2",
    "empty": _("empty, %"),
    "repetitive": _("repeats itself, %"),
    "cut_off": _("cut off, %"),
    "sentences": _("sentences"),
    "questions": _("questions"),
    "texts": _("texts"),
    "replies": _("replies"),
    "tokens": _("tokens"),
}


@register.filter
def named(name: str) -> str:
    """A name that is not known is shown as it is."""
    return str(NAMES.get(name, name))


@register.filter
def figure(value: float | None) -> str:
    """25.13 as "25.1", 500 as "500", None as a dash."""
    if value is None:
        return "–"
    return number_format(round(value, 1), decimal_pos=0 if isinstance(value, int) else 1, force_grouping=True)
