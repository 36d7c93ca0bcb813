"""Template tags that every page may use; a built-in library, so no page loads it."""

from django import template
from django.utils.translation import gettext

register = template.Library()


@register.filter
def seconds(milliseconds: int | None) -> str:
    """850 -> "0.8 s": a duration as people read it."""
    return "" if milliseconds is None else gettext("%(seconds).1f s") % {"seconds": milliseconds / 1000}
