"""Pins, deleting with undo, and the list that says so."""

import re
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async as do
from django.utils import timezone

from tests.webapp.chat import talk
from tests.webapp.people import client_of
from webapp.accounts import services as accounts
from webapp.chat import keeping, pages, services
from webapp.chat.models import Conversation, Task
from webapp.generation.models import Generation, Status
from webapp.launch.tasks import forget_what_lapsed

pytestmark = pytest.mark.django_db


def listed(user, **options) -> tuple[list[str], list[str]]:
    """Titles of what is pinned, and of the others."""
    found = pages.recent(user, user.memberships.get().team, **options)
    return [str(row) for row in found.pinned], [str(row) for row in found.rows]


def test_a_pin_is_ones_own_and_stands_on_the_first_page_only(alice, bob, shared):
    talk.ask(shared, "Ours")
    talk.ask(talk.start(alice), "Newer")
    keeping.pin(user=alice, conversation=shared, pinned=True)
    keeping.pin(user=alice, conversation=shared, pinned=True)
    assert listed(alice) == (["Ours"], ["Newer"])
    assert listed(alice, number=2) == ([], [])
    assert listed(bob) == ([], ["Ours"])
    keeping.pin(user=alice, conversation=shared, pinned=False)
    assert listed(alice) == ([], ["Newer", "Ours"])


def test_a_pin_of_what_is_no_longer_shared_shows_nothing(alice, bob, shared):
    talk.ask(shared, "Ours")
    keeping.pin(user=bob, conversation=shared, pinned=True)
    services.share(conversation=shared, shared=False)
    assert listed(bob) == ([], [])


def test_the_list_drawn_anew_reaches_as_far_as_it_was_loaded(alice):
    for number in range(pages.LIST_PAGE * 2 + 3):
        talk.ask(talk.start(alice), f"Subject {number}")
    client = client_of(alice)
    again = client.get("/chat/list/?pages=2").content.decode()
    assert again.count('<li class="conversation">') == pages.LIST_PAGE * 2
    assert "page=3" in again
    for nonsense in ("page=0", "page=-1", "pages=0", "page=x", "page=" + "9" * 30):
        assert client.get(f"/chat/list/?{nonsense}").content.decode().count('class="conversation"') == pages.LIST_PAGE


def test_what_is_deleted_is_hidden_and_comes_back_as_it_was(alice, bob, shared):
    talk.exchange(shared, "Keep me", "I will.")
    client = client_of(alice)
    page = client.post(f"/chat/{shared.pk}/delete/", follow=True).content.decode()
    assert "“Keep me” was deleted." in page
    assert listed(bob) == listed(alice) == ([], [])
    for path in ("", "export/json/", "menu/"):
        assert client.get(f"/chat/{shared.pk}/{path}").status_code == 404
    undo = re.search(r'<form action="([^"]+/restore/)"', page)[1]
    answer = client.post(undo)
    assert answer.url == f"/chat/{shared.pk}/"
    assert talk.shown(shared) == ["Keep me", "I will."]
    assert listed(bob) == ([], ["Keep me"])
    assert client.post(undo).status_code == 404


def test_deleting_stops_the_reply_and_answers_nobody_who_waits_until_it_comes_back(alice, conversation):
    talk.ask(conversation, "First"), talk.ask(conversation, "Second")
    keeping.delete(conversation=conversation)
    assert [generation.status for generation in Generation.objects.all()] == [Status.STOPPED]
    keeping.restore(conversation=conversation)
    assert talk.shown(conversation) == ["First", "", "Second", ""]
    assert services.active_message(conversation).parent.content == "Second"


@pytest.mark.parametrize("task", [Task.CHAT, Task.WRITE, Task.ANALYZE])
def test_deleting_leads_to_the_room_or_back_to_the_page_where_it_was_done(alice, team, task):
    client = client_of(alice)
    for data, leads_to in (
        ({}, f"/{task}/"),
        ({"next": "/chat/"}, "/chat/"),
        ({"next": "//evil.example"}, f"/{task}/"),
    ):
        conversation = services.create_conversation(team=team, author=alice, task=task)
        assert client.post(f"/chat/{conversation.pk}/delete/", data).url == leads_to


def test_after_thirty_days_it_is_gone_for_good(alice, conversation, shared):
    talk.exchange(conversation, "Old", "Reply"), talk.exchange(shared, "Newer", "Reply")
    for found, days in ((conversation, 31), (shared, 29)):
        keeping.delete(conversation=found)
        Conversation.objects.filter(pk=found.pk).update(deleted_at=timezone.now() - timedelta(days=days))
    forget_what_lapsed()
    assert list(Conversation.objects.all()) == [shared]
    assert [generation.text for generation in Generation.objects.all()] == ["Reply"]
    assert client_of(alice).post(f"/chat/{conversation.pk}/restore/").status_code == 404


def test_one_that_was_brought_back_is_not_purged(conversation):
    talk.exchange(conversation, "Old", "Reply")
    keeping.delete(conversation=conversation)
    stale = Conversation.objects.get()
    keeping.restore(conversation=conversation)
    assert not keeping.purge(conversation=stale)
    assert talk.shown(conversation) == ["Old", "Reply"]


def test_the_settings_list_what_one_may_bring_back(alice, anna, bob, shared):
    talk.ask(shared, "Lost and found")
    keeping.delete(conversation=shared)
    for person, offered in ((alice, True), (anna, True), (bob, False)):
        page = client_of(person).get("/settings/conversations/").content.decode()
        assert (f'action="/chat/{shared.pk}/restore/"' in page) is offered


@pytest.mark.django_db(transaction=True)
async def test_a_list_hears_what_changes_in_it_and_nothing_of_others(alice, bob, charlie, conversation, shared, look):
    mine, theirs, outside = [await look(user, "/ws/list/") for user in (alice, bob, charlie)]
    await do(talk.ask)(conversation, "Private")
    await mine.hears_of("list")
    await do(services.share)(conversation=shared, shared=True)
    for tab in (mine, theirs):
        assert await tab.hears_of("list") == {"list": "chat"}
    await do(keeping.delete)(conversation=shared)
    await theirs.hears_of("list")
    await do(keeping.pin)(user=bob, conversation=conversation, pinned=True)
    await theirs.hears_of("list")
    assert outside.heard == [{"revision": 0}]
    assert theirs.heard == [{"revision": 0}, *[{"list": "chat"}] * 3]


@pytest.mark.django_db(transaction=True)
async def test_what_happens_together_is_told_once(alice, conversation, look):
    tab = await look(alice, "/ws/list/")
    for number in range(5):
        await do(services.rename)(conversation=conversation, title=f"Name {number}")
    await tab.hears_of("list")
    await do(services.rename)(conversation=conversation, title="Another")
    await tab.hears_of("list")
    assert len(tab.heard) <= 4


@pytest.mark.django_db(transaction=True)
async def test_a_list_of_somebody_who_signed_out_closes(alice, conversation, look):
    tab = await look(alice, "/ws/list/")
    await do(tab.browser.logout)()
    await do(services.rename)(conversation=conversation, title="New")
    assert await tab.is_closed() == 4401


@pytest.mark.django_db(transaction=True)
async def test_who_left_a_team_fetches_a_list_without_it(alice, bob, shared, look):
    await do(talk.ask)(shared, "Ours")
    tab = await look(bob, "/ws/list/")
    await do(lambda: accounts.leave_team(member=bob.memberships.get()))()
    await do(services.rename)(conversation=shared, title="Secret now")
    await tab.hears_of("list")
    page = await do(lambda: client_of(bob).get("/chat/list/?pages=1", follow=True).content.decode())()
    assert "Secret now" not in page
