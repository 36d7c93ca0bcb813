"""Rows by SQL that is written once are the ORM's rows."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.chat.models import Conversation, Message
from webapp.generation.models import Generation, Status
from webapp.lib import rows, words

pytestmark = pytest.mark.django_db

ONE = f"SELECT {rows.columns(Generation, 'g')}, 1 + 1 AS two FROM generation_generation g WHERE id = %s"
BRIEFLY = f"SELECT {rows.columns(Conversation, without=('words',))} FROM chat_conversation WHERE id = %s"


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return Conversation.objects.create(team=alice.memberships.get().team, author=alice)


def generation() -> Generation:
    return Generation(
        channel="here",
        model="colloquy",
        prompt=[{"role": "user", "content": "“Ü” \\ ' 你好"}],
        params={"temperature": 0.5, "stop": None},
        logprobs=None,
        lease_until=timezone.now(),
    )


def values_of(row: Generation | Message | Conversation) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_an_inserted_row_is_as_the_orm_would_have_stored_it() -> None:
    ours, theirs = generation(), generation()
    theirs.created_at, theirs.lease_until = ours.created_at, ours.lease_until
    rows.insert(ours)
    theirs.save()
    found, expected = (values_of(Generation.objects.get(pk=row.pk)) for row in (ours, theirs))
    assert found | {"id": 0} == expected | {"id": 0}
    assert values_of(ours) == found


def test_an_inserted_row_is_saved_and_deleted_as_any_other() -> None:
    row = generation()
    rows.insert(row)
    row.model = "another"
    row.save()
    assert Generation.objects.get().model == "another"
    row.delete()
    assert not Generation.objects.exists()


def test_a_loaded_row_is_as_the_orm_loads_it() -> None:
    row = generation()
    row.save()
    [found] = rows.load(Generation, ONE, [row.pk])
    assert values_of(found) == values_of(Generation.objects.get(pk=row.pk))
    assert found.two == 2
    assert not found._state.adding
    assert rows.load(Generation, ONE, [0]) == []


def test_a_column_that_was_left_out_comes_when_it_is_asked_for(alice: User, conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(words=words.stored("a title"))
    [found] = rows.load(Conversation, BRIEFLY, [conversation.pk])
    assert found.get_deferred_fields() == {"words"}
    assert "title" in str(found.words)


def test_words_that_are_inserted_are_those_that_the_orm_stores(alice: User, conversation: Conversation) -> None:
    text = "It's “quoted”, back\\slashed & 你好世界 | done"
    ours = Message(conversation=conversation, role="user", author=alice, content=text, words=words.lexemes(text))
    rows.insert(ours)
    theirs = Message.objects.create(conversation=conversation, role="user", author=alice, content=text)
    assert len(set(Message.objects.filter(pk__in=[ours.pk, theirs.pk]).values_list("words", flat=True))) == 1


def test_an_update_changes_what_is_as_was_said_and_counts_it() -> None:
    row = generation()
    rows.insert(row)
    values = {"status": Status.DONE, "text": "100 % sure", "logprobs": [["a", -0.5, {}]], "lease_until": None}
    assert rows.update(Generation, {"pk": row.pk, "status": Status.STREAMING}, values) == 0
    assert rows.update(Generation, {"pk": row.pk, "status": Status.QUEUED}, values) == 1
    found = values_of(Generation.objects.get(pk=row.pk))
    assert found == values_of(row) | values


def test_a_key_that_is_taken_is_an_integrity_error(alice: User, conversation: Conversation) -> None:
    again = Conversation(pk=conversation.pk, team=conversation.team, author=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(again)
