from django import template
from django.template.context import Context

from webapp.ask import excerpt
from webapp.ask.passages import index_of, support_of
from webapp.ask.support import Support
from webapp.chat.models import Message

register = template.Library()


@register.simple_tag(takes_context=True)
def support(context: Context, message: Message) -> Support:
    """On which sentences of the passage a reply stands."""
    return support_of(message, context["thread"])


@register.simple_tag(takes_context=True)
def read_share(context: Context, message: Message) -> int | None:
    """How many per cent of a passage that was too long were read for a reply; None where it was read whole."""
    question = next((m for m in context["thread"] if m.pk == message.parent_id), None)
    spans = question.details.get("read") if question else None
    if not spans:
        return None
    return max(1, round(100 * excerpt.share(index_of(message.conversation_id).text, spans)))
