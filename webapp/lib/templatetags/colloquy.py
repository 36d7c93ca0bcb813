"""Template tags that every page may use; a built-in library, so no page loads it."""

from django import template
from django.utils.translation import get_language, gettext

from webapp.lib import counts, sentences

register = template.Library()
register.filter("counted", counts.counted)  # 1200 -> 1,200
register.filter("told", sentences.told)  # a sentence that a worker left in JSON


@register.filter
def seconds(milliseconds: int | None) -> str:
    """850 -> "0.8 s": a duration as people read it."""
    return "" if milliseconds is None else gettext("%(seconds).1f s") % {"seconds": milliseconds / 1000}


@register.filter
def duration(seconds: float | None) -> str:
    """95 -> "2 min", 5400 -> "1.5 h": how long something takes, roughly."""
    if seconds is None or seconds == "":
        return ""
    if seconds < 60:
        return gettext("%(seconds)d s") % {"seconds": seconds}
    if seconds < 3600:
        return gettext("%(minutes)d min") % {"minutes": round(seconds / 60)}
    return gettext("%(hours).1f h") % {"hours": seconds / 3600}


@register.filter
def millions(count: float) -> str:
    """6524160 -> "6.5"; where people count in ten thousands (万), "652". 1.2e9 -> "1,200"."""
    if (get_language() or "").startswith("zh"):
        return f"{count / 1e4:,.0f}"
    return f"{count / 1e6:.1f}" if count < 100e6 else f"{count / 1e6:,.0f}"


@register.filter
def percent(share: float) -> str:
    """0.256 as 26 %."""
    return f"{100 * share:.0f} %"
