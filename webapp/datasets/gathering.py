"""Rows out of the team's own work: thumbs, corrected answers, edited documents and translations, relabelled sentiments.

Only of people who agreed (datasets/consent.py), and only where everybody who had a part in it did: whose conversation
it is, who wrote in it, who corrected. Gathering anew brings the dataset up to date: what is new comes in, what was
taken back goes; a row that an admin edited stays as it is while its source does.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils import timezone

from inference import prompts
from webapp.accounts.models import Team
from webapp.analyze.models import Row as Labelled
from webapp.chat.models import Feedback, Message, Role, Task
from webapp.datasets.consent import who_agree
from webapp.datasets.kinds import BadRow
from webapp.datasets.lessons import Values, check
from webapp.datasets.models import Dataset, Job, Review, Row, Shape, Status
from webapp.datasets.progress import note
from webapp.datasets.reading import copy_rows
from webapp.generation.models import Generation, plain_prompt
from webapp.generation.models import Status as Ended
from webapp.translate.asking import asked_of
from webapp.translate.models import Correction
from webapp.translate.segments import wording
from webapp.write.versions import Action, Version

BATCH = 200
Turns = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a person said of what the model wrote. `wanted` is "" where it is only a thumb."""

    key: str
    task: str
    prompt: Turns
    written: str
    wanted: str
    thumb: int
    people: frozenset[int | None]
    origin: dict[str, Any]
    more: dict[str, str]

    def values(self, shape: str) -> Values | None:
        """As a row of that shape; None where it says nothing of that kind."""
        edited = self.wanted.strip() and self.wanted.strip() != self.written.strip()
        if shape == Shape.THUMBS and self.thumb and self.written.strip():
            return {"prompt": self.prompt, "completion": self.written, "label": self.thumb > 0, "task": self.task}
        if shape == Shape.SUPERVISED and edited:
            messages = [*self.prompt, {"role": "assistant", "content": self.wanted}]
            return {"messages": messages, "task": self.task, "learn": "last", **self.more}
        if shape == Shape.PREFERENCE and edited and self.written.strip():
            return {"prompt": self.prompt, "chosen": self.wanted, "rejected": self.written, "task": self.task}
        return None


def gather(dataset: Dataset) -> None:
    """Brings the rows up to date. Raises progress.Stopped."""
    known = {row.key: row for row in dataset.rows.exclude(key="").only("dataset", "key", "origin", "edited")}
    last = dataset.rows.aggregate(last=Max("number"))["last"] or 0
    seen: set[str] = set()
    fresh: list[Row] = []
    for at, (piece, values) in enumerate(_rows(dataset.team, dataset.shape), start=1):
        seen.add(piece.key)
        origin = {**piece.origin, "people": sorted(filter(None, piece.people)), "digest": _digest(values)}
        if piece.key not in known:
            fresh.append(
                Row(number=last + len(fresh) + 1, values=values, review=Review.WAITING, key=piece.key, origin=origin)
            )
        elif known[piece.key].origin.get("digest") != origin["digest"]:
            renewed = {"values": values, "origin": origin, "review": Review.WAITING, "edited": False, "notes": {}}
            dataset.rows.filter(key=piece.key).update(**renewed)
        if at % BATCH == 0:
            note(dataset, at)
    copy_rows(dataset, fresh)
    dataset.rows.filter(key__in=known.keys() - seen).delete()
    _leave_out_withdrawn(dataset)
    now = timezone.now()
    Dataset.objects.filter(pk=dataset.pk).update(changed_at=now, status=Status.READY, job=Job.INSPECT, wish={})


def _leave_out_withdrawn(dataset: Dataset) -> None:
    """Of those who withdrew while we were gathering."""
    agreed = who_agree(dataset.team)
    gone = [
        row.pk for row in dataset.rows.exclude(key="").only("dataset", "origin") if {*row.origin["people"]} - agreed
    ]
    dataset.rows.filter(pk__in=gone).delete()


def _digest(values: Values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _rows(team: Team, shape: str) -> Iterator[tuple[Piece, Values]]:
    agreed = who_agree(team)
    for piece in pieces(team, agreed):
        values = piece.values(shape) if piece.people <= agreed else None
        if values is None or not _learnable(values, shape):
            continue
        yield piece, values


def _learnable(values: Values, shape: str) -> bool:
    try:
        check(values, shape)
    except BadRow:  # such as a prompt that ends with the model's own words: it was asked to go on
        return False
    return True


def pieces(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Of the people who agreed, whoever else had a part in it."""
    yield from _corrected(team, agreed)
    yield from _labelled(team, agreed)
    yield from _translated(team, agreed)
    yield from _judged(team, agreed)
    yield from _edited(team, agreed)


def _corrected(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Thumbs on and corrections of replies, in every room."""
    said = Feedback.objects.filter(author__in=agreed, **_alive("message__conversation", team))
    said = said.filter(message__role=Role.ASSISTANT, message__generation__status=Ended.DONE)
    for word in said.select_related("message__generation", "message__conversation").order_by("pk").iterator(BATCH):
        message = word.message
        people = _on_the_path(message) | {word.author_id, message.conversation.author_id}
        origin = {"message": message.pk, "author": word.author_id}
        yield _piece(f"feedback:{word.pk}", message, message.generation, word.correction, word.thumb, people, origin)


def _labelled(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Relabelled sentiments: such a row's reply is in its generation (analyze.services)."""
    said = Feedback.objects.filter(author__in=agreed, **_alive("message__conversation", team))
    said = said.filter(message__generation=None, message__details__has_key="row")
    for word in said.select_related("message__conversation").order_by("pk").iterator(BATCH):
        conversation = word.message.conversation
        row = Labelled.objects.filter(analysis=conversation.pk, number=word.message.details["row"])
        found = row.select_related("generation").first()
        if found is None or found.generation is None:
            continue
        people: set[int | None] = {word.author_id, conversation.author_id}
        origin = {"message": word.message_id, "row": found.pk, "author": word.author_id}
        wanted = word.correction if word.correction != found.label else ""
        yield _piece(
            f"feedback:{word.pk}", word.message, found.generation, wanted, word.thumb, people, origin, found.label
        )


def _translated(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Edited translations; of several people's the latest, which is what everybody is shown."""
    said = Correction.objects.filter(author__in=agreed, **_alive("segment__conversation", team))
    said = said.select_related("segment__generation", "segment__conversation")
    for word in said.order_by("segment", "-updated_at").distinct("segment").iterator(BATCH):
        segment, conversation = word.segment, word.segment.conversation
        writers = conversation.messages.filter(role=Role.USER).values_list("author_id", flat=True)
        people = {*writers, word.author_id, conversation.author_id}
        origin = {"segment": segment.pk, "author": word.author_id}
        more = {"source": segment.source, "target": segment.target}
        yield Piece(
            f"segment:{segment.pk}",
            conversation.task,
            segment.generation.prompt,
            wording(segment.generation),
            word.text,
            0,
            frozenset(people),
            origin,
            {key: value for key, value in more.items() if value},
        )


def _judged(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Thumbs on whole translations, which are the model's own words while nobody has edited them."""
    said = Feedback.objects.filter(author__in=agreed, **_alive("message__conversation", team)).exclude(thumb=0)
    said = said.filter(message__generation=None, message__conversation__task=Task.TRANSLATE)
    said = said.exclude(message__conversation__segments__corrections__isnull=False)
    for word in said.select_related("message__parent", "message__conversation").order_by("pk").iterator(BATCH):
        message, question = word.message, word.message.parent
        if question is None:
            continue
        asked = asked_of(question)
        prompt = plain_prompt(prompts.translate(asked.text, source=asked.language, target=asked.target))
        people: set[int | None] = {word.author_id, question.author_id, message.conversation.author_id}
        origin = {"message": message.pk, "author": word.author_id}
        key, task = f"feedback:{word.pk}", message.conversation.task
        yield Piece(key, task, prompt, message.content, "", word.thumb, frozenset(people), origin, {})


def _edited(team: Team, agreed: set[int]) -> Iterator[Piece]:
    """Documents: what a person made by hand of what the model had just written, where the rest stayed as it was."""
    edits = Message.objects.filter(author__in=agreed, **_alive("conversation", team))
    edits = edits.filter(details__action=Action.EDIT, parent__generation__status=Ended.DONE)
    edits = edits.select_related("conversation", "parent__generation", "parent__parent__change")
    for edit in edits.order_by("pk").iterator(BATCH):
        parent = edit.parent
        if parent is None or parent.generation is None:
            continue
        place = Version(parent).place
        end = len(edit.content) - len(place.after)
        if not (edit.content.startswith(place.before) and edit.content.endswith(place.after)):
            continue
        wanted = edit.content[len(place.before) : end]
        people = _on_the_path(edit) | {edit.author_id, edit.conversation.author_id}
        origin = {"message": edit.pk, "author": edit.author_id}
        yield _piece(f"edit:{edit.pk}", parent, parent.generation, wanted, 0, people, origin)


def _piece(
    key: str,
    message: Message,
    generation: Generation | None,
    wanted: str,
    thumb: int,
    people: set[int | None],
    origin: dict[str, Any],
    written: str = "",
) -> Piece:
    assert generation is not None
    text, task = written or generation.text, message.conversation.task
    return Piece(key, task, generation.prompt, text, wanted, thumb, frozenset(people), origin, {})


def _alive(to: str, team: Team) -> dict[str, Any]:
    """A lookup for what hangs on a conversation of the team that nobody has deleted."""
    return {f"{to}__team": team, f"{to}__deleted_at": None}


def _on_the_path(message: Message) -> set[int | None]:
    """Who wrote what the model read: the authors of the messages up to this one; None for somebody who left."""
    rows = Message.objects.filter(conversation=message.conversation_id).values_list(
        "pk", "parent_id", "role", "author_id"
    )
    known = {pk: (parent, role, author) for pk, parent, role, author in rows}
    people: set[int | None] = set()
    here: int | None = message.pk
    while here in known:
        here, role, author = known[here]
        if role == Role.USER:
            people.add(author)
    return people
