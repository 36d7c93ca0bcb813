"""Takes files of conversations, and imports them in a Celery worker: a conversation is a transaction, and what was
imported before (`Conversation.origin`) is not doubled."""

import tempfile
import time
from datetime import timedelta
from typing import IO
from uuid import UUID

import msgspec
from celery import shared_task
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp.accounts.models import Team, User
from webapp.chat import importing, news, titles
from webapp.chat.importing import Draft, Turn
from webapp.chat.models import (
    Conversation,
    Feedback,
    FileFailure,
    Import,
    ImportPart,
    Message,
    Progress,
    Refusal,
    Role,
    Task,
    Thumb,
)
from webapp.chat.tasks import room_of
from webapp.generation.models import Failure, Generation, Status
from webapp.lib import jobs, words
from webapp.lib.groups import tell

PART = 2**20  # bytes
TELL_EVERY_S = 0.5
MOST_REFUSALS = 50  # named; the others are counted
FORGOTTEN = timedelta(days=7)  # how long a page tells of an import
STALLED, UNHEARD = timedelta(minutes=10), timedelta(minutes=1)
READ_FILE = "webapp.chat.import_services.read_file"
BATCH = 500
LIMITS = {"model": 200, "version": 80, "server": 60, "finish_reason": 10}  # characters of their columns
NUMBERS = ("prompt_tokens", "completion_tokens", "first_token_ms", "writing_ms")
LARGEST_NUMBER = 2**31 - 1


@transaction.atomic
def take_file(*, team: Team, author: User, file: UploadedFile) -> Import:
    """Keeps the file in the database, which every worker reaches, and has it read when this is committed."""
    whole = Import.objects.create(team=team, author=author, name=importing.clean(file.name or "")[:200])
    for number, data in enumerate(file.chunks(PART)):
        ImportPart.objects.create(whole=whole, number=number, data=data)
    transaction.on_commit(lambda: jobs.ask(READ_FILE, str(whole.pk)))
    return whole


def read_waiting() -> None:
    """Files of which no worker has heard."""
    waiting = Import.objects.filter(status=Progress.QUEUED, created_at__lt=timezone.now() - UNHEARD)
    for import_id in list(waiting.values_list("pk", flat=True)):
        read_file(str(import_id))


@shared_task
def read_file(import_id: str) -> None:
    """Imports a file that was taken, once however often it is told to."""
    if not Import.objects.filter(pk=import_id, status=Progress.QUEUED).update(status=Progress.RUNNING):
        return
    whole = Import.objects.select_related("team", "author").get(pk=import_id)
    try:
        with tempfile.TemporaryFile() as file:
            for number in range(whole.parts.count()):
                file.write(whole.parts.get(number=number).data)
            file.seek(0)
            _import_all(whole, file)
        whole.status = Progress.DONE
    except importing.BadFile as error:
        whole.status, whole.failure = Progress.FAILED, error.failure
    except BaseException:
        whole.status, whole.failure = Progress.FAILED, FileFailure.BROKEN_OFF
        raise
    finally:
        whole.save()
        whole.parts.all().delete()
        _tell(whole)


def _import_all(whole: Import, file: IO[bytes]) -> None:
    count, told_at = importing.Count(), time.monotonic()
    for found in importing.conversations_in(file, count):
        _import_one(whole, found)
        whole.read, whole.size = count.read, count.size
        if time.monotonic() - told_at > TELL_EVERY_S:
            whole.save()
            told_at = time.monotonic()


def _import_one(whole: Import, found: dict) -> None:
    try:
        draft = importing.draft(found)
        if store(team=whole.team, author=whole.author, draft=draft):
            whole.imported += 1
        else:
            whole.known += 1
    except importing.Refused as error:
        whole.refused += 1
        if len(whole.refusals) < MOST_REFUSALS:
            title = found.get("title") if isinstance(found, dict) else ""
            whole.refusals.append([importing.clean(title)[:120] if isinstance(title, str) else "", error.refusal])


def _tell(whole: Import) -> None:
    for task in Task:
        tell(news.person_group(whole.author_id), {"type": "list.changed", "id": str(task)})


@transaction.atomic
def store(*, team: Team, author: User, draft: Draft) -> bool:
    """As this person's own conversation. False where they have it already; one that they deleted comes back. Raises
    importing.Refused where the room cannot make sense of what it kept."""
    list(User.objects.select_for_update().filter(pk=author.pk).values_list("pk"))  # two imports at once take turns
    known = Conversation.objects.filter(_same(draft), team=team, author=author).first()
    if known:
        if known.deleted_at:
            Conversation.objects.filter(pk=known.pk).update(deleted_at=None)
        return known.deleted_at is not None
    conversation = _conversation(team, author, draft)
    messages = _messages(conversation, author, draft.turns)
    conversation.leaf = messages[draft.leaf]
    conversation.save(update_fields=["leaf"])
    if belongings := room_of(draft.task).belongings:
        try:
            belongings.restore(conversation, draft.room, messages)
        except (msgspec.ValidationError, ValueError) as error:
            raise importing.Refused(Refusal.DAMAGED) from error
    return True


def _same(draft: Draft) -> Q:
    """What was imported from there, or is that very conversation."""
    same = Q(origin=draft.origin)
    try:
        return same | Q(pk=UUID(draft.origin.removeprefix("colloquy:")))
    except ValueError:
        return same


def _conversation(team: Team, author: User, draft: Draft) -> Conversation:
    first = next((turn.text for turn in draft.turns if turn.text.strip()), "")
    title = " ".join(draft.title.split())[:120] or titles.from_text(first)
    return Conversation.objects.create(
        team=team,
        author=author,
        task=draft.task,
        title=title,
        title_is_ours=draft.title_is_ours,
        options=draft.options,
        origin=draft.origin,
        words=words.stored(title),
        created_at=draft.created_at,
        updated_at=draft.updated_at,
    )


def _messages(conversation: Conversation, author: User, turns: list[Turn]) -> dict[str, Message]:
    """Parents before children, so that their numbers grow down every branch as those of others do."""
    replies = [turn for turn in turns if turn.role == Role.ASSISTANT and turn.figures is not None]
    rows = Generation.objects.bulk_create([_generation(conversation, turn) for turn in replies], BATCH)
    generations = {turn.key: row for turn, row in zip(replies, rows, strict=True)}
    made = Message.objects.bulk_create(
        [_message(conversation, author, turn, generations.get(turn.key)) for turn in turns], BATCH
    )
    messages = {turn.key: message for turn, message in zip(turns, made, strict=True)}
    for turn in turns:
        messages[turn.key].parent = messages[turn.parent] if turn.parent else None
    Message.objects.bulk_update(made, ["parent"], BATCH)
    _store_feedback(author, turns, messages)
    return messages


def _message(conversation: Conversation, author: User, turn: Turn, generation: Generation | None) -> Message:
    return Message(
        conversation=conversation,
        role=turn.role,
        author=author if turn.mine and turn.role == Role.USER else None,
        content="" if generation else turn.text,
        details=turn.details,
        generation=generation,
        words=words.stored(turn.text),
        created_at=turn.created_at,
    )


def _generation(conversation: Conversation, turn: Turn) -> Generation:
    """As it ended. Nothing here may ask a worker to write: what was being written counts as stopped."""
    said = turn.figures or {}
    texts = {name: str(said.get(name) or "")[:longest] for name, longest in LIMITS.items()}
    ended = (Status.DONE, Status.STOPPED, Status.FAILED)
    return Generation(
        channel=conversation.channel,
        prompt=[],
        text=turn.text,
        status=said["status"] if said.get("status") in ended else Status.STOPPED if "status" in said else Status.DONE,
        failure=said["failure"] if said.get("failure") in Failure.values else "",
        created_at=turn.created_at,
        finished_at=turn.created_at,
        **texts,
        **{name: _number(said.get(name)) for name in NUMBERS}
        | {"turns_left_out": _number(said.get("turns_left_out")) or 0},
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= LARGEST_NUMBER else None


def _store_feedback(author: User, turns: list[Turn], messages: dict[str, Message]) -> None:
    Feedback.objects.bulk_create(
        Feedback(message=messages[turn.key], author=author, thumb=thumb, correction=correction)
        for turn in turns
        for thumb, correction in turn.feedback
        if thumb in Thumb.values
    )


def forget_imports() -> None:
    """What was read long ago, and what a worker left behind."""
    now = timezone.now()
    Import.objects.filter(created_at__lt=now - FORGOTTEN).delete()
    left = Import.objects.filter(status=Progress.RUNNING, updated_at__lt=now - STALLED)
    ImportPart.objects.filter(whole__in=left).delete()
    left.update(status=Progress.FAILED, failure=FileFailure.BROKEN_OFF)
