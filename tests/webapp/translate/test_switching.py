"""A text that is in the wanted language already goes into the other one that its person uses, until they say no."""

import pytest
from channels.db import database_sync_to_async

from inference.fake import Fake
from tests.webapp.people import client_of
from tests.webapp.translate import work
from tests.webapp.translate.test_sockets import at, fluent, new, settled
from tests.webapp.viewers import Look
from webapp.accounts.models import User
from webapp.chat import services as chat
from webapp.chat.models import Conversation
from webapp.translate import services
from webapp.translate.asking import ask
from webapp.translate.reading import read

__all__ = ["fluent"]
GERMAN, ENGLISH = "Wo ist der Bahnhof, bitte?", "Where is the station, please? I am looking for it."


def start(author: User, text: str, target: str, *, held: bool = False) -> Conversation:
    team = author.memberships.get().team
    return services.start(team=team, author=author, asked=ask(text, source="", target=target, held=held))


def again(found: Conversation, text: str, target: str, *, held: bool = False) -> None:
    asked = ask(text, source="", target=target, held=held)
    services.translate(conversation=found, author=found.author, asked=asked)


def languages(found: Conversation) -> tuple[str, str]:
    asked = read(found).asked
    return asked.target, asked.switched


@pytest.mark.django_db
def test_it_goes_into_the_language_that_the_person_used_before(alice: User) -> None:
    start(alice, GERMAN, "fr")
    found = start(alice, ENGLISH, "en")
    assert languages(found) == ("fr", "en")
    assert read(found).page()["notice"] == "The text is in English already, so it is translated into French."
    work.end_all(found)
    assert read(found).status == "done"


@pytest.mark.django_db
def test_who_has_translated_nothing_yet_gets_one_of_the_two_most_wanted(alice: User) -> None:
    assert languages(start(alice, ENGLISH, "en")) == ("zh-Hans", "en")


@pytest.mark.django_db
def test_it_stays_while_the_text_stays_in_that_language_and_goes_when_it_does_not(alice: User) -> None:
    found = start(alice, ENGLISH, "en")
    again(found, f"{ENGLISH} Thank you very much.", "zh-Hans")
    assert languages(found) == ("zh-Hans", "en")
    again(found, GERMAN, "zh-Hans")
    assert languages(found) == ("en", "")


@pytest.mark.django_db
def test_who_says_no_is_believed(alice: User) -> None:
    found = start(alice, ENGLISH, "en")
    again(found, ENGLISH, "en", held=True)
    assert languages(found) == ("en", "")
    assert read(found).page()["notice"].startswith("The text is in English already. Choose another language")


@pytest.mark.django_db
def test_a_language_that_is_only_guessed_changes_nothing(alice: User) -> None:
    asked = ask("hotel", source="", target="zh-Hans")
    assert not asked.detected.sure
    assert languages(start(alice, "hotel", asked.detected.code)) == (asked.detected.code, "")


@pytest.mark.django_db
def test_without_script_a_target_that_was_chosen_anew_is_kept(alice: User) -> None:
    client = client_of(alice)
    form = {"text": ENGLISH, "source": "", "target": "en"}
    client.post("/translate/", form | {"shown": "en"})
    assert languages(Conversation.objects.latest("created_at"))[0] == "zh-Hans"
    client.post("/translate/", form | {"shown": "zh-Hans"})
    assert languages(Conversation.objects.latest("created_at"))[0] == "en"


@pytest.mark.django_db(transaction=True)
async def test_the_page_is_told_and_takes_it_back(look: Look, alice: User, fluent: Fake) -> None:
    tab = await new(look, alice)
    await tab.say(number=1, text=ENGLISH, source="", target="en")
    state = (await settled(tab))["state"]
    assert (state["target"], state["switched"], state["held"]) == ("zh-Hans", "en", False)
    await tab.say(number=2, text=ENGLISH, source="", target="en", held=True)
    state = (await tab.hears(lambda said: said.get("number") == 2))["state"]
    assert (state["target"], state["switched"], state["held"]) == ("en", "", True)


@pytest.mark.django_db(transaction=True)
async def test_colleagues_see_who_else_is_there(look: Look, alice: User, bob: User, fluent: Fake) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning.", shared=True)
    mine = await at(look, alice, found.pk)
    await settled(mine)
    his = await at(look, bob, found.pk)
    assert [person["name"] for person in (await his.hears_of("company"))["company"]] == ["Alice"]
    assert [person["name"] for person in (await mine.hears_of("company"))["company"]] == ["Bob"]
    await his.say(number=1, text="Something else altogether, which is long", source="en", target="de")
    assert (await mine.hears_of("company"))["company"] == []  # he has gone on to a translation of his own


@pytest.mark.django_db(transaction=True)
async def test_nobody_is_told_who_looks_at_what_is_private(look: Look, alice: User, fluent: Fake) -> None:
    found = await database_sync_to_async(work.start)(alice, "Good morning.")
    tab, other = await at(look, alice, found.pk), await at(look, alice, found.pk)
    await settled(tab)
    await settled(other)
    assert not [said for said in [*tab.heard, *other.heard] if "company" in said]
    await database_sync_to_async(chat.share)(conversation=found, shared=True)
    assert (await tab.hears(lambda said: said.get("state", {}).get("shared")))["state"]["shared"]
