"""What a request of this room makes the model read, and how much it may write."""

from typing import Any

from django.shortcuts import get_object_or_404

from inference import prompts
from inference.messages import Message as Turn
from inference.messages import SamplingParams
from webapp.chat.models import Conversation, Message
from webapp.chat.options import model_of
from webapp.write.models import Change

TOKENS_A_WORD = 2
SPARE = 128  # tokens
CODE_WORDS, MORE_WORDS = 1000, 400  # where nobody said how many
AROUND = 1200  # characters before a selection that go along
GROWTH = {"shorten": 1.0, "lengthen": 3.0}
BRIEF: dict[str, Any] = {"kind": "article", "language": "en", "words": None, "tone": ""}  # of what came from elsewhere
LEAST_ROOM = 64  # tokens


def prompt(conversation: Conversation, request: Message) -> list[Turn]:
    """Raises Http404 for what was not asked on a document's page."""
    change = get_object_or_404(Change, message=request)
    system = conversation.options.get("system", "")
    return prompts.chat(_asked(conversation, request, change), system=system)


def _asked(conversation: Conversation, request: Message, change: Change) -> list[Turn]:
    first = _first(conversation)
    brief = BRIEF | {name: first.details[name] for name in BRIEF if name in first.details}
    language = str(brief["language"])
    asked = request.details
    if asked["action"] == "write":
        return prompts.write(first.content, **brief)
    if asked["action"] == "continue":
        return prompts.write_on(prompts.write(first.content, **brief), change.before, language=language)
    return prompts.write_anew(
        change.selected,
        language=language,
        change=asked["action"],
        tone=asked.get("tone", ""),
        instruction=asked.get("instruction", ""),
        around=change.before[-AROUND:],
    )


def params(conversation: Conversation, request: Message) -> SamplingParams:
    """As many tokens as the text is long in words, and some; never more than half of the model's context."""
    action = request.details["action"]
    if action in ("write", "continue"):
        wanted = _words(conversation, action) * TOKENS_A_WORD
    else:
        selected = Change.objects.values_list("selected", flat=True).get(message=request)
        wanted = round(len(selected.encode()) / 2.5 * GROWTH.get(action, 2.0))
    context = _context(conversation)
    return SamplingParams(max_tokens=min(wanted + SPARE, context // 2 if context else wanted + SPARE))


def has_room(conversation: Conversation, reply: Message) -> bool:
    """Whether a reply that was cut off can go on within the model's context."""
    context, generation = _context(conversation), reply.generation
    if not context or generation is None:
        return True
    used = (generation.prompt_tokens or 0) + (generation.completion_tokens or 0)
    return used + LEAST_ROOM < context


def _first(conversation: Conversation) -> Message:
    """The request that the document began with."""
    return Message.objects.filter(parent=None, conversation=conversation).order_by("pk")[0]


def _words(conversation: Conversation, action: str) -> int:
    details = _first(conversation).details
    if details.get("kind") == "code":
        return CODE_WORDS
    return int((details.get("words") if action == "write" else None) or MORE_WORDS)


def _context(conversation: Conversation) -> int | None:
    return model_of(conversation).context
