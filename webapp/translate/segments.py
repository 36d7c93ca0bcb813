"""The segments of a translation: a few are being written at once, those in view first; as one ends the next begins.

What the conversation has translated before is not translated again, unless another version of its model has been put in
service since; what an edit makes unwanted is stopped. Locks are taken as chat takes them: a generation's row, then its
conversation's.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from redis.exceptions import RedisError

from inference import prompts
from inference.messages import Message as Turn
from inference.messages import SamplingParams
from webapp.chat.models import Conversation, Message, Role
from webapp.chat.options import model_of, params_of, value_of
from webapp.generation import services as generation_services
from webapp.generation.models import ACTIVE, Generation, Status
from webapp.lib.groups import tell
from webapp.translate import cutting
from webapp.translate.asking import Asked, asked_of
from webapp.translate.models import Segment

IN_FLIGHT = 6  # segments of one text that are written at once
VIEW_S = 600
BROKEN_OFF = (Status.FAILED, Status.STOPPED)

Layout = list[tuple[str, cutting.Piece]]


def question_of(conversation: Conversation) -> Message | None:
    """The text; its `content` and `details` change in place."""
    return conversation.messages.filter(role=Role.USER).order_by("pk").first()


def layout(conversation: Conversation, asked: Asked) -> Layout:
    """(key, piece) in the text's order; nothing where there is nothing to translate."""
    if asked.nothing_to_do:
        return []
    work = {"source": asked.language, "target": asked.target, "model": value_of(conversation.options)}
    return [(cutting.key(piece.text, **work), piece) for piece in cutting.cut(asked.text, asked.language)]


def current(conversation: Conversation) -> QuerySet[Segment]:
    return conversation.segments.filter(dropped=False)


def fill(conversation: Conversation, asked: Asked, wanted: Layout) -> bool:
    """Asks for the next segments, as many as there is room for. The caller holds the conversation's lock. Where one has
    failed or was stopped, the others wait until somebody tries again. Returns whether nothing is being written then."""
    keys = {key for key, _ in wanted}
    known = dict(current(conversation).filter(key__in=keys).values_list("key", "generation__status"))
    active = sum(status in ACTIVE for status in known.values())
    if active >= IN_FLIGHT or {*BROKEN_OFF} & {*known.values()}:
        return not active
    waiting = {key: piece for key, piece in reversed(wanted) if key not in known}
    order = sorted(waiting, key=_nearness(conversation, waiting))
    begun: list[Segment] = []
    if order:
        transaction.on_commit(lambda: _tell_begun(conversation, begun))  # before the workers hear of them
    begun += [begin(conversation, asked, key, waiting[key].text) for key in order[: IN_FLIGHT - active]]
    return not active and not begun


def _tell_begun(conversation: Conversation, rows: list[Segment]) -> None:
    keys = [[row.generation_id, row.key] for row in rows]
    tell(conversation.channel, {"type": "segments.begun", "keys": keys})


def begin(conversation: Conversation, asked: Asked, key: str, text: str, *, temperature: float = 0) -> Segment:
    choice = model_of(conversation)
    params = SamplingParams(temperature=temperature, max_tokens=min(settings.MAX_REPLY_TOKENS, 48 + 4 * len(text)))
    generation = generation_services.request_generation(
        channel=conversation.channel,
        model=choice.model,
        version=choice.version,
        endpoint=choice.endpoint,
        messages=prompts.translate(text, source=asked.language, target=asked.target),
        params=params_of(conversation, choice, params),
        cache_salt=f"team-{conversation.team_id}",
    )
    return Segment.objects.create(
        conversation=conversation,
        key=key,
        text=text,
        source=asked.language,
        target=asked.target,
        generation=generation,
        build=choice.build,
    )


def outdated(conversation: Conversation, wanted: Layout) -> QuerySet[Segment]:
    """What other weights than those that answer now made of the wanted sentences, and no person corrected."""
    written = current(conversation).filter(key__in={key for key, _ in wanted}, corrections=None)
    return written.exclude(build__in=("", model_of(conversation).build))


def drop(segments: QuerySet[Segment]) -> None:
    """What has ended goes at once; what is being written is stopped when this transaction commits, and goes then."""
    rows = list(segments.select_related("generation"))
    segments.filter(pk__in=[row.pk for row in rows]).update(dropped=True)
    for row in rows:
        if row.generation.active:
            _stop_later(row.generation)
        else:
            row.delete()


def _stop_later(generation: Generation) -> None:
    transaction.on_commit(lambda: generation_services.stop_generation(generation))


def look_at(conversation: Conversation, offset: int) -> None:
    """Segments from that character on come next. It may be lost: the text's own order is good too."""
    try:
        cache.set(f"translate.view.{conversation.pk}", offset, VIEW_S)
    except (RedisError, OSError):
        return


def _nearness(conversation: Conversation, waiting: dict[str, cutting.Piece]) -> Callable[[str], tuple[bool, int]]:
    try:
        first = cache.get(f"translate.view.{conversation.pk}") or 0
    except (RedisError, OSError):
        first = 0
    return lambda key: (waiting[key].end < first, waiting[key].start)


def wording(generation: Generation) -> str:
    """What the model made of a sentence, on one line as the sentence was."""
    return " ".join(generation.text.split())


def asked_in(conversation: Conversation) -> tuple[Asked, Layout] | None:
    question = question_of(conversation)
    if question is None:
        return None
    asked = asked_of(question)
    return asked, layout(conversation, asked)


def forget_generation(*, instance: Segment, **_kwargs) -> None:
    """On post_delete of a segment, also of one that goes with its conversation."""
    Generation.objects.filter(pk=instance.generation_id).delete()


def whole_prompt(conversation: Conversation, question: Message) -> list[Turn]:
    """Chat's own routes, which serve every room, ask for a text as a whole."""
    asked = asked_of(question)
    return prompts.translate(asked.text, source=asked.language, target=asked.target)


def whole_params(conversation: Conversation, question: Message) -> SamplingParams:
    return SamplingParams(temperature=0, max_tokens=settings.MAX_REPLY_TOKENS)
