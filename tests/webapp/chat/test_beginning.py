"""A conversation that begins on the socket of the empty chat."""

from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async as do

from tests.webapp.chat import talk
from tests.webapp.viewers import Tab
from webapp.accounts.models import Membership, Role
from webapp.accounts.services import create_team
from webapp.chat import consumers, keeping, option_services, services
from webapp.chat.models import Conversation, Message

pytestmark = pytest.mark.django_db(transaction=True)


def new(person, pk: UUID | None = None) -> str:
    """The address of an empty chat's socket, in that person's team."""
    return f"/ws/chat/new/{person.memberships.get().team_id}/{pk or uuid4()}/?language=en"


def key_in(address: str) -> UUID:
    return UUID(address.split("/")[-2])


async def begin(tab: Tab, text: str = "Hello", client_id: UUID | None = None, **more) -> dict:
    await tab.say(text=text, client_id=str(client_id or uuid4()), **more)
    return await tab.hears_of("begun")


async def test_the_first_message_makes_the_conversation(alice, look, monkeypatch):
    monkeypatch.setattr(consumers, "WATCH_S", 0.05)  # nobody says that the reply has ended: it is found
    address = await do(new)(alice)
    tab = await look(alice, address)
    assert not await do(Conversation.objects.exists)()
    said = await begin(tab)
    assert said["begun"] == f"/chat/{key_in(address)}/"
    assert 'aria-current="page"' in said["row"]
    assert "Hello" in said["row"]
    assert "Hello" in await tab.hears_html()
    assert (await tab.hears_of("revision"))["title"] == "Hello"
    conversation = await do(Conversation.objects.get)(pk=key_in(address))
    assert conversation.author_id == alice.pk
    await do(talk.end)(conversation, "Good day")
    await tab.hears(lambda said: any(op["op"] == "end" for op in said.get("ops", ())) if "ops" in said else False)


async def test_the_socket_goes_on_as_that_conversation_s(alice, look):
    address = await do(new)(alice)
    tab = await look(alice, address)
    await begin(tab)
    conversation = await do(Conversation.objects.get)(pk=key_in(address))
    await do(talk.end)(conversation, "Good day")
    await tab.say(text="And now?", client_id=str(uuid4()))
    await tab.hears_html("And now?")
    assert await do(talk.shown)(conversation) == ["Hello", "Good day", "And now?", ""]
    assert sum("begun" in said for said in tab.heard) == 1


async def test_a_first_message_that_is_sent_again_after_a_break_begins_one_conversation(alice, look):
    address, client_id = await do(new)(alice), uuid4()
    first = await look(alice, address)
    await begin(first, client_id=client_id)
    again = await look(alice, address)
    assert (await again.hears_of("begun"))["begun"] == f"/chat/{key_in(address)}/"
    await again.say(revision="0")
    assert "Hello" in await again.hears_html()
    await again.say(text="Hello", client_id=str(client_id))
    await again.hears_of("posted")
    assert await do(Message.objects.filter(content="Hello").count)() == 1


async def test_two_sockets_of_one_page_begin_one_conversation(alice, look):
    address, client_id = await do(new)(alice), uuid4()
    first, second = [await look(alice, address) for _ in range(2)]
    await begin(first, client_id=client_id)
    await begin(second, client_id=client_id)
    assert "Hello" in await second.hears_html()
    assert await do(Message.objects.filter(content="Hello").count)() == 1


async def test_a_key_that_is_somebody_else_s_is_refused_and_nothing_is_told_of_it(alice, bob, conversation, look):
    await do(talk.exchange)(conversation, "A secret", "Indeed")
    tab = await look(bob, await do(new)(bob, conversation.pk))
    await tab.say(text="Hello", client_id=str(uuid4()))
    await tab.hears_of("refused", "error")
    assert "secret" not in str(tab.heard)
    assert await do(talk.shown)(conversation) == ["A secret", "Indeed"]


async def test_one_that_was_deleted_meanwhile_is_not_begun_again(alice, look):
    address = await do(new)(alice)
    tab = await look(alice, address)
    await begin(tab)
    await do(keeping.delete)(conversation=await do(Conversation.objects.get)(pk=key_in(address)))
    assert await tab.is_closed() == 4404
    again = await look(alice, address)
    await again.say(text="Once more", client_id=str(uuid4()))
    await again.hears_of("refused", "error")


@pytest.mark.parametrize("text", ["", "  ", "a\0b"])
async def test_a_first_message_that_cannot_be_taken_begins_nothing(alice, look, text):
    tab = await look(alice, await do(new)(alice))
    await tab.say(text=text, client_id=str(uuid4()))
    await tab.hears_of("refused", "error")
    assert not await do(Conversation.objects.exists)()


async def test_it_begins_with_what_that_person_chose_last(alice, look):
    team = await do(lambda: alice.memberships.get().team)()
    await do(option_services.prefer)(user=alice, team=team, options={"system": "Be brief."})
    tab = await look(alice, await do(new)(alice))
    await begin(tab)
    assert (await do(Conversation.objects.get)()).options == {"system": "Be brief."}


async def test_who_lost_the_right_to_write_meanwhile_begins_nothing(alice, bob, look):
    tab = await look(bob, await do(new)(bob))
    await do(Membership.objects.filter(user=bob).update)(role=Role.VIEWER)
    await tab.say(text="Hello", client_id=str(uuid4()))
    await tab.hears_of("refused", "error")
    assert not await do(Conversation.objects.exists)()


async def test_the_page_s_own_list_is_not_fetched_again_for_its_own_beginning_and_another_s_is(alice, look):
    tab, other = [await look(alice, await do(new)(alice)) for _ in range(2)]
    await begin(tab)
    await other.hears_of("list")
    await begin(other, "Something else")
    await tab.hears_of("list")
    assert sum("list" in said for said in tab.heard) == sum("list" in said for said in other.heard) == 1


async def test_a_new_name_while_the_first_reply_is_written_is_told_to_its_list(alice, look):
    address = await do(new)(alice)
    tab = await look(alice, address)
    await begin(tab)
    conversation = await do(Conversation.objects.get)(pk=key_in(address))
    await do(services.rename)(conversation=conversation, title="Another name")
    assert await tab.hears_of("list") == {"list": "chat"}


async def test_an_empty_chat_of_one_team_begins_nothing_in_another(alice, look):
    theirs = (await do(create_team)(name="Others", owner=alice)).team
    tab = await look(alice, f"/ws/chat/new/{theirs.pk}/{uuid4()}/")
    await begin(tab)
    conversation = await do(Conversation.objects.get)()
    assert conversation.team_id == theirs.pk
    await do(services.stop)(conversation=conversation)
