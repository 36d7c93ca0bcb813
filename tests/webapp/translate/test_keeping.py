"""A translation among the conversations: when it is in the list, what is kept of it, what people correct."""

import pytest

from tests.webapp.translate import work
from webapp.accounts.models import User
from webapp.chat import pages
from webapp.chat.models import Conversation, Task
from webapp.translate import services
from webapp.translate.asking import ask, is_version
from webapp.translate.models import Correction

pytestmark = pytest.mark.django_db


def listed(user: User) -> list[Conversation]:
    return pages.recent(user, user.memberships.get().team, task=Task.TRANSLATE).rows


def test_it_is_in_the_list_once_its_text_has_settled(alice: User) -> None:
    found = work.start(alice, "Good morning. How are you?")
    assert listed(alice) == []
    work.end_all(found)
    assert [str(row) for row in listed(alice)] == ["Good morning. How are you?"]


def test_versions_of_a_text_are_one_entry_with_the_newest_title_and_translation(alice: User) -> None:
    found = work.start(alice, "Good")
    for text in ("Good morning", "Good morning."):
        work.end_all(found)
        work.change(found, text)
    work.end_all(found)
    (row,) = listed(alice)
    assert (str(row), row.leaf.text, row.leaf.parent.text) == ("Good morning.", "GOOD MORNING.", "Good morning.")
    assert row.messages.count() == 2


def test_a_title_that_a_person_chose_stays(alice: User) -> None:
    found = work.start(alice, "Good")
    services.services.rename(conversation=found, title="Mine")
    work.change(found, "Good morning.")
    found.refresh_from_db()
    assert found.title == "Mine"


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [
        ("Hello world", "Hello wonderful world", True),
        ("Hello world", "Hallo world", True),
        ("H", "He", True),
        ("", "Anything", True),
        ("One. Two. Three.", "Two. Three.", True),
        ("Good morning, everybody.", "今天天气很好。", False),
        ("The cat sat on the mat.", "We met in Paris last year", False),
    ],
)
def test_a_text_that_shares_little_with_the_one_before_is_another_one(old: str, new: str, version: bool) -> None:
    assert is_version(old, new) is version


def test_a_correction_stands_in_the_place_of_the_models_wording_for_everybody(alice: User, bob: User) -> None:
    found = work.start(alice, "One. Two.", shared=True)
    work.end_all(found)
    key = work.shown(found).parts[0].key
    services.correct(conversation=found, author=bob, key=key, text=" Eins,\n natürlich. ")
    reading = work.shown(found)
    assert reading.target == "Eins, natürlich. TWO."
    assert [part.corrected for part in reading.parts] == [True, False]
    assert found.leaf.text == reading.target
    kept = Correction.objects.get()
    assert (kept.author, kept.segment.text, kept.segment.source, kept.segment.target) == (bob, "One.", "en", "de")


def test_the_latest_correction_is_shown_and_each_persons_is_kept(alice: User, bob: User) -> None:
    found = work.start(alice, "One.", shared=True)
    work.end_all(found)
    key = work.shown(found).parts[0].key
    for author, text in ((alice, "eins"), (bob, "zwei"), (alice, "drei")):
        services.correct(conversation=found, author=author, key=key, text=text)
    assert work.shown(found).target == "drei"
    assert {row.author: row.text for row in Correction.objects.all()} == {alice: "drei", bob: "zwei"}


@pytest.mark.parametrize("text", ["", "  ", "ONE."])
def test_an_empty_correction_or_the_models_own_words_take_it_back(alice: User, text: str) -> None:
    found = work.start(alice, "One.")
    work.end_all(found)
    key = work.shown(found).parts[0].key
    services.correct(conversation=found, author=alice, key=key, text="eins")
    services.correct(conversation=found, author=alice, key=key, text=text)
    assert (work.shown(found).target, Correction.objects.count()) == ("ONE.", 0)


def test_a_corrected_sentence_keeps_its_correction_when_it_comes_back(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    services.correct(conversation=found, author=alice, key=work.shown(found).parts[0].key, text="Eins.")
    work.change(found, "Two.")
    work.change(found, "Two. One.")
    assert work.shown(found).target == "TWO. Eins."


def test_another_wording_is_asked_for_with_some_chance_in_it(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    services.translate_again(conversation=found, key=work.shown(found).parts[0].key)
    assert work.active(found) == ["One."]
    assert found.segments.get(text="One.").generation.params["temperature"] > 0
    work.end(found, ["One."], text="Eins!")
    assert work.shown(found).target == "Eins! TWO."


def test_the_language_is_detected_and_what_a_person_chose_stands(alice: User) -> None:
    found = work.start(alice, "Wo ist der Bahnhof, bitte?", source="", target="en")
    page = work.shown(found).page()
    assert (page["source"], page["detected"], page["label"]) == ("", "de", "German (detected)")
    work.change(found, "Wo ist der Bahnhof?", source="nl", target="en")
    page = work.shown(found).page()
    assert (page["source"], page["label"], page["notice"]) == ("nl", "Detect language", "")


def test_a_doubtful_language_is_named_with_the_next_best() -> None:
    from webapp.translate.reading import notice

    sentence = notice(ask("hotel", source="", target="zh-Hans"))
    assert sentence.startswith("This is perhaps ")
    assert sentence.endswith(" Choose the language if it is wrong.")
