"""Who sees which conversations, and may do what with them."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from tests.webapp.chat import talk
from tests.webapp.people import make_person
from webapp.accounts.models import Membership, Role, Team, User
from webapp.chat import access
from webapp.chat.models import Conversation

pytestmark = pytest.mark.django_db


def may(user: User, conversation: Conversation, to: str) -> bool | None:
    """None when it is hidden."""
    try:
        return access.conversation_for(user, conversation.pk, to=to) == conversation
    except Http404:
        return None
    except PermissionDenied:
        return False


def rights(user: User, conversation: Conversation) -> list[bool | None]:
    return [may(user, conversation, to) for to in ("read", "write", "manage")]


def test_a_private_conversation_is_its_authors_alone(conversation, alice, anna, bob, victor, charlie):
    assert rights(alice, conversation) == [True, True, True]
    for other in (anna, bob, victor, charlie):
        assert rights(other, conversation) == [None, None, None]


def test_not_even_an_owner_sees_what_a_member_keeps_private(alice, bob):
    assert rights(alice, talk.start(bob)) == [None, None, None]


def test_a_shared_one_is_read_by_all_written_by_members_and_managed_by_admins(
    shared, alice, anna, bob, victor, charlie
):
    assert rights(alice, shared) == [True, True, True]
    assert rights(anna, shared) == [True, True, True]
    assert rights(bob, shared) == [True, True, False]
    assert rights(victor, shared) == [True, False, False]
    assert rights(charlie, shared) == [None, None, None]


def test_a_member_manages_what_they_share(alice, bob):
    assert rights(bob, talk.start(bob, shared=True)) == [True, True, True]


def test_an_author_who_became_a_viewer_only_reads(bob):
    conversation = talk.start(bob)
    bob.memberships.update(role=Role.VIEWER)
    assert rights(bob, conversation) == [True, False, False]


def test_an_author_who_left_the_team_sees_nothing(bob):
    conversation, shared = talk.start(bob), talk.start(bob, shared=True)
    bob.memberships.all().delete()
    assert rights(bob, conversation) == rights(bob, shared) == [None, None, None]


def test_rights_in_one_team_are_none_in_another(alice, team):
    other = Team.objects.create(name="Cirrus")
    guest = make_person("Gina", other, Role.OWNER)
    Membership.objects.create(team=team, user=guest, role=Role.VIEWER)
    assert rights(guest, talk.start(alice, shared=True)) == [True, False, False]


def test_the_list_holds_what_one_may_see_the_latest_first(alice, bob, charlie, team):
    mine, shared, secret = talk.start(alice), talk.start(alice, shared=True), talk.start(alice)
    theirs = talk.start(bob)
    talk.ask(shared, "Hello")
    assert list(access.conversations_for(alice, team)) == [shared, secret, mine]
    assert list(access.conversations_for(bob, team)) == [shared, theirs]
    assert list(access.conversations_for(charlie, team)) == []


def test_the_list_of_one_team_holds_nothing_of_another(alice, team):
    talk.start(alice, shared=True)
    other = Team.objects.create(name="Cirrus")
    Membership.objects.create(team=other, user=alice, role=Role.OWNER)
    assert not access.conversations_for(alice, other).exists()


def test_a_message_is_found_in_its_own_conversation_only(conversation, shared, alice):
    secret = talk.ask(conversation, "A secret")
    assert access.message_for(alice, conversation.pk, secret.pk) == secret
    with pytest.raises(Http404):
        access.message_for(alice, shared.pk, secret.pk)
