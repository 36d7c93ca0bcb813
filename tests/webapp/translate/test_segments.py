"""Which segments are asked for, when, and what becomes of them."""

from collections.abc import Callable

import pytest

from tests.webapp.translate import work
from webapp.accounts.models import User
from webapp.chat import keeping
from webapp.generation.models import Generation, Status
from webapp.translate import segments, services
from webapp.translate.models import Segment
from webapp.translate.segments import IN_FLIGHT

pytestmark = pytest.mark.django_db

LONG = " ".join(f"Sentence number {number}." for number in range(20))


@pytest.fixture
def committing(django_capture_on_commit_callbacks) -> Callable:
    """with committing(): what waits for the commit happens when the block ends."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_each_sentence_is_asked_for_by_itself_and_all_are_joined_in_their_order(alice: User) -> None:
    found = work.start(alice, "Good morning.\n\n- One.  Two!\n")
    assert work.active(found) == ["Good morning.", "One.", "Two!"]
    work.end(found, ["Two!", "Good morning.", "One."])
    assert work.shown(found).target == "GOOD MORNING.\n\n- ONE. TWO!\n"


def test_the_prompt_names_the_languages_and_holds_the_sentence_alone(alice: User) -> None:
    work.start(alice, "One. Two.")
    prompts = [generation.prompt[0]["content"] for generation in Generation.objects.order_by("pk")]
    assert prompts == [
        f"Translate from English into German. Reply with the translation only.\n\n{text}" for text in ("One.", "Two.")
    ]


def test_only_a_few_are_written_at_once_and_each_end_begins_the_next(alice: User) -> None:
    found = work.start(alice, LONG)
    assert work.active(found) == [f"Sentence number {n}." for n in range(IN_FLIGHT)]
    work.end(found, ["Sentence number 3."])
    assert work.active(found)[-1] == f"Sentence number {IN_FLIGHT}."
    assert len(work.active(found)) == IN_FLIGHT
    work.end_all(found)
    assert work.shown(found).target == LONG.upper()


def test_what_is_in_view_comes_first(alice: User) -> None:
    found = work.start(alice, LONG)
    segments.look_at(found, LONG.index("Sentence number 15."))
    work.end(found, ["Sentence number 0.", "Sentence number 1."])
    assert work.active(found)[-2:] == ["Sentence number 15.", "Sentence number 16."]


def test_a_sentence_that_stayed_is_not_asked_for_again(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    work.change(found, "One. Two. Three.")
    assert work.active(found) == ["Three."]
    assert work.shown(found).target.startswith("ONE. TWO. ")


def test_the_same_sentence_twice_is_asked_for_once(alice: User) -> None:
    found = work.start(alice, "Yes. No. Yes.")
    assert work.active(found) == ["Yes.", "No."]
    work.end_all(found)
    assert work.shown(found).target == "YES. NO. YES."


def test_a_text_that_comes_back_is_free_and_so_are_languages_that_come_back(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    for text, target in (("One. Three.", "de"), ("One. Two.", "fr")):
        work.change(found, text, target=target)
        work.end_all(found)
    asked = work.asked_for()
    work.change(found, "One. Two.")
    assert work.asked_for() == asked
    assert work.shown(found).target == "ONE. TWO."


def test_an_edit_stops_what_it_makes_unwanted_and_leaves_nothing_behind(alice: User, committing: Callable) -> None:
    found = work.start(alice, "One. Tw")
    with committing():
        work.change(found, "One. Two.")
    assert work.active(found) == ["One.", "Two."]
    assert set(Segment.objects.values_list("text", flat=True)) == {"One.", "Two."}
    assert work.asked_for() == 2


def test_an_unwanted_one_that_a_worker_writes_is_told_to_stop_and_goes_when_it_has(
    alice: User, committing: Callable
) -> None:
    found = work.start(alice, "Tw")
    Generation.objects.update(status=Status.STREAMING)
    with committing():
        work.change(found, "Two.")
    unwanted = Generation.objects.get(status=Status.STREAMING)
    assert unwanted.stop_requested
    with committing():
        assert services.generation_services.end(unwanted, where={"status": "streaming"}, status=Status.STOPPED)
    assert not Generation.objects.filter(pk=unwanted.pk).exists()
    assert work.active(found) == ["Two."]


def test_when_one_has_failed_the_rest_waits_until_somebody_goes_on(alice: User) -> None:
    found = work.start(alice, LONG)
    work.end(found, status=Status.FAILED, failure="unavailable", text="")
    reading = work.shown(found)
    assert work.active(found) == []
    assert reading.status == Status.FAILED
    assert "could not be reached" in reading.trouble
    work.change(found, LONG)
    assert len(work.active(found)) == IN_FLIGHT
    work.end_all(found)
    assert work.shown(found).target == LONG.upper()


def test_stop_keeps_what_is_there_and_going_on_writes_the_rest(alice: User) -> None:
    found = work.start(alice, LONG)
    work.end(found, ["Sentence number 0."])
    services.stop(conversation=found)
    reading = work.shown(found)
    assert (work.active(found), reading.status) == ([], Status.STOPPED)
    assert reading.target.startswith("SENTENCE NUMBER 0.")
    work.change(found, LONG)
    assert "Sentence number 0." not in work.active(found)


def test_a_text_in_the_target_language_is_not_translated(alice: User) -> None:
    found = work.start(alice, "Good morning.", target="en")
    assert work.asked_for() == 0
    assert work.shown(found).page()["notice"] == (
        "The text is in English already. Choose another language to translate it into."
    )


def test_a_text_without_words_is_its_own_translation(alice: User) -> None:
    found = work.start(alice, "12.5\n+ 3")
    assert (work.asked_for(), work.shown(found).target) == (0, "12.5\n+ 3")


def test_what_a_model_breaks_into_lines_stays_on_its_line(alice: User) -> None:
    found = work.start(alice, "One.\nTwo.")
    work.end(found, ["One."], text=" Eins\n\noder so. \n")
    work.end(found, ["Two."])
    assert work.shown(found).target == "Eins oder so.\nTWO."


def test_sentences_are_joined_as_the_target_language_does(alice: User) -> None:
    chinese = work.start(alice, "One. Two.", target="zh-Hans")
    work.end_all(chinese)
    assert work.shown(chinese).target == "ONE.TWO."
    english = work.start(alice, "你好。再见。", source="zh-Hans", target="en")
    work.end_all(english)
    assert work.shown(english).target == "你好。 再见。"


def test_a_deleted_translation_asks_for_no_more(alice: User) -> None:
    found = work.start(alice, LONG)
    keeping.delete(conversation=found)
    work.end(found, ["Sentence number 0."])
    assert f"Sentence number {IN_FLIGHT}." not in work.active(found)


def test_a_purged_translation_takes_its_generations_with_it(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    keeping.delete(conversation=found)
    keeping.purge(conversation=found)
    assert (Segment.objects.count(), work.asked_for()) == (0, 0)
