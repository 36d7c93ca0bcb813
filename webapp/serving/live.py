"""The part of a page that changes by itself is drawn anew only where it has changed: else each look would take away
what is focused and how far a table was scrolled, and have a screen reader say it all again."""

from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

Context = dict[str, Any]


def with_mark(template: str, context: Context) -> Context:
    """`seen` tells what the template now shows from what it showed before; the page sends it back."""
    shown = render_to_string(template, context | {"csrf_token": "-"})  # else each time another
    return context | {"seen": sha256(shown.encode()).hexdigest()[:16]}


def if_changed(request: HttpRequest, template: str, context: Context) -> HttpResponse:
    """204 where the page shows it already."""
    marked = with_mark(template, context)
    if request.GET.get("seen") == marked["seen"]:
        return HttpResponse(status=204)
    return render(request, template, marked)
