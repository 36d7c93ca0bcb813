"""The labels of an analysis: a few rows are with the model at once, and as they end the next ones go.

Locks are taken as chat takes them: a generation's row first, then the analysis.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from inference import choices, prompts
from inference.messages import MOST_LOGPROBS, SamplingParams, TokenLogprob
from inference.messages import Message as Turn
from webapp.analyze.models import Analysis, Row, Trouble
from webapp.chat import options
from webapp.chat.models import Conversation, Message
from webapp.generation import services as generation_services
from webapp.generation.models import ACTIVE, Generation, Status

IN_FLIGHT = 16  # as many as the engine writes at once on a CPU: people's replies find it never full
TOP_UP = 8
LONGEST_LABEL = 16  # tokens, were each a single letter
PARAMS = SamplingParams(temperature=0, max_tokens=LONGEST_LABEL, choices=prompts.SENTIMENTS, logprobs=MOST_LOGPROBS)


def fill(analysis: Analysis) -> None:
    """Asks for the next labels where there is room. The caller holds the analysis' lock."""
    if analysis.stopped or analysis.column is None:
        return
    flying = in_flight(analysis).count()
    if flying > TOP_UP:
        return
    rows = list(unlabelled(analysis).filter(generation=None)[: IN_FLIGHT - flying])
    if not rows:
        return
    conversation = analysis.conversation
    choice = options.model_of(conversation)
    made = generation_services.request_batch(
        channel=analysis.channel,
        model=choice.model,
        version=choice.version,
        endpoint=choice.endpoint,
        prompts=[prompts.analyze(row.cells[analysis.column]) for row in rows],
        params=PARAMS,
        cache_salt=f"team-{conversation.team_id}",
    )
    for row, generation in zip(rows, made, strict=True):
        row.generation = generation
    Row.objects.bulk_update(rows, ["generation"])


def in_flight(analysis: Analysis) -> QuerySet[Row]:
    return analysis.rows.filter(generation__status__in=ACTIVE)


def unlabelled(analysis: Analysis) -> QuerySet[Row]:
    return analysis.rows.filter(label="", failure="").order_by("number")


def generation_ended(*, generation: Generation, **_kwargs: object) -> None:
    """Keeps the label, and asks for the next ones."""
    room, _, number = generation.channel.partition(".")
    if room != "analyze" or not Row.objects.filter(generation=generation).update(**outcome_of(generation)):
        return
    analysis = locked(UUID(number))
    if analysis.conversation.deleted_at is None:
        fill(analysis)


def outcome_of(generation: Generation) -> dict[str, object]:
    """What a row keeps of its reply; of one that was stopped nothing, so that it can be asked for again."""
    if generation.status == Status.STOPPED:
        return {"generation": None}
    if generation.status != Status.DONE:
        return {"failure": generation.failure}
    told = [TokenLogprob(token, value, tuple(top.items())) for token, value, top in generation.logprobs or []]
    found = choices.probabilities(prompts.SENTIMENTS, told)
    if found:
        label = max(found, key=found.__getitem__)
        return {"label": label, "probabilities": found, "confidence": found[label]}
    said = generation.text.strip().strip(".!\"'").lower()
    return {"label": said} if said in prompts.SENTIMENTS else {"failure": Trouble.NO_LABEL}


def locked(analysis_id: UUID) -> Analysis:
    return Analysis.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=analysis_id)


def forget_generations(*, instance: Analysis, **_kwargs: object) -> None:
    """On post_delete of an analysis, when its rows are gone."""
    channel = instance.channel
    transaction.on_commit(lambda: Generation.objects.filter(channel=channel).delete())


def prompt(conversation: Conversation, question: Message) -> list[Turn]:
    """Chat's own routes, which serve every room, ask about a text as a whole."""
    return prompts.analyze(question.content)


def params(conversation: Conversation, question: Message) -> SamplingParams:
    return PARAMS
