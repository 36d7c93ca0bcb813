"""What happens to a translation: every change is one transaction, and tells those who look on when it is committed."""

from django.db import transaction
from django.utils.translation import get_language

from webapp.accounts.models import Team, User
from webapp.chat import services, titles
from webapp.chat.models import Conversation, Message, Role, Task
from webapp.chat.news import list_changed
from webapp.chat.options import model_in, preference
from webapp.generation import services as generation_services
from webapp.generation.models import ACTIVE, Generation, Status
from webapp.lib import languages, rows, words
from webapp.translate.asking import Asked, asked_of
from webapp.translate.models import Correction, Segment
from webapp.translate.reading import read
from webapp.translate.segments import (
    BROKEN_OFF,
    asked_in,
    begin,
    current,
    drop,
    fill,
    layout,
    outdated,
    question_of,
    wording,
)

KEPT = 300  # segments that the text has no more and that are kept, in case their sentences come back
OF_GENERATION = f"SELECT {rows.columns(Segment)} FROM translate_segment WHERE generation_id = %s"  # noqa: S608
LOOKED_AT = 20  # of a person's earlier texts, for the languages that they use
OTHERWISE = 0.8  # the temperature at which another wording is asked for


@transaction.atomic
def start(*, team: Team, author: User, asked: Asked) -> Conversation:
    """A new translation by the model that this person chose last. It is in people's lists once its first text has been
    translated."""
    options = model_in(preference(author, team, Task.TRANSLATE))
    conversation = services.create_conversation(team=team, author=author, task=Task.TRANSLATE, options=options)
    translate(conversation=conversation, author=author, asked=asked)
    return conversation


@transaction.atomic
def translate(*, conversation: Conversation, author: User, asked: Asked) -> None:
    """Puts a text, or other languages for it, in the place of what was there. What failed or was stopped is tried
    again. A text that is in the wanted language already goes into the other one that this person uses."""
    conversation = services.locked(conversation)
    question = question_of(conversation)
    asked = asked.after(asked_of(question) if question else None)
    if asked.should_switch:
        asked = asked.switched_to(other_language(author, conversation.team, asked.target))
    question = question or Message(conversation=conversation, role=Role.USER, author=author)
    question.content, question.details, question.words = asked.text, asked.details, words.stored(asked.text)
    question.save()
    title = titles.from_text(asked.text)
    if conversation.title_is_ours and conversation.title != title:
        services.name(conversation, title)
    wanted = layout(conversation, asked)
    unneeded = current(conversation).exclude(key__in={key for key, _ in wanted})
    drop(unneeded.exclude(generation__status=Status.DONE))
    drop(current(conversation).filter(generation__status__in=BROKEN_OFF))
    drop(outdated(conversation, wanted))
    if fill(conversation, asked, wanted):
        keep(conversation)
    services.changed(conversation)


def other_language(author: User, team: Team, language: str) -> str:
    """The last one that this person translated into or from and that is not this one; at first one of the two most
    wanted."""
    theirs = Message.objects.filter(conversation__task=Task.TRANSLATE, conversation__team=team, author=author)
    found = theirs.filter(role=Role.USER, details__has_key="target").order_by("-pk").values_list("details", flat=True)
    used = [code for kept in found[:LOOKED_AT] for code in _languages_in(kept)]
    page = "zh-Hans" if str(get_language()).startswith("zh") else "en"
    return next(code for code in [*used, page, "en", "zh-Hans"] if code in languages.CODES and code != language)


def _languages_in(kept: dict) -> tuple[str, str, str]:
    return kept["target"], kept.get("source", ""), kept.get("detected", {}).get("code", "")


def stop(*, conversation: Conversation) -> None:
    """What was written stays; what was not begun waits until somebody goes on. No transaction around it all: each
    generation's row is locked before the conversation's."""
    for row in current(conversation).filter(generation__status__in=ACTIVE).select_related("generation"):
        generation_services.stop_generation(row.generation)


@transaction.atomic
def translate_again(*, conversation: Conversation, key: str) -> None:
    """Another wording of one segment, in the place of the one before."""
    conversation = services.locked(conversation)
    found = asked_in(conversation)
    row = current(conversation).filter(key=key).exclude(generation__status__in=ACTIVE).first()
    if found is None or row is None:
        return
    drop(current(conversation).filter(pk=row.pk))
    begin(conversation, found[0], key, row.text, temperature=OTHERWISE)
    services.changed(conversation)


@transaction.atomic
def correct(*, conversation: Conversation, author: User, key: str, text: str) -> None:
    """How a person would have that segment, in the place of what they said before. An empty text, or the model's own,
    takes everybody's corrections back."""
    conversation = services.locked(conversation)
    row = current(conversation).filter(key=key).select_related("generation").first()
    if row is None:
        return
    text = " ".join(text.split())
    if text in ("", wording(row.generation)):
        row.corrections.all().delete()
    else:
        Correction.objects.update_or_create(segment=row, author=author, defaults={"text": text})
    keep(conversation)
    services.changed(conversation)


def segment_ended(*, generation: Generation, **_kwargs) -> None:
    """On generation_ended: the next segment begins; with the last one the translation is kept."""
    row = next(iter(rows.load(Segment, OF_GENERATION, [generation.pk])), None)
    if row is None:
        return
    conversation = services.locked(row.conversation)
    row.refresh_from_db(fields=["dropped"])  # it may have been while we waited for the lock
    if row.dropped:
        row.delete()
    found = asked_in(conversation)
    if found is None or conversation.deleted_at:
        return
    if fill(conversation, *found):
        keep(conversation)
        services.changed(conversation)


def keep(conversation: Conversation) -> None:
    """Stores the translation as the reply, for the lists, the search and the export. The caller holds the lock and
    calls `changed`."""
    reading = read(conversation)
    reply = reading.reply or Message(conversation=conversation, parent=reading.question, role=Role.ASSISTANT)
    reply.content, reply.words = reading.target, words.stored(reading.target)
    reply.save()
    if conversation.leaf_id is None:
        list_changed(conversation)
    conversation.leaf = reply
    unneeded = current(conversation).filter(corrections=None, generation__status=Status.DONE)
    for row in unneeded.exclude(key__in=reading.rows).order_by("-pk")[KEPT:]:
        row.delete()
