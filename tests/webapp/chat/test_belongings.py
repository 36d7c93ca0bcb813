"""What the rooms keep beside the messages leaves the house with them, and comes back."""

import pytest

from tests.webapp.analyze.test_labelling import analyze
from tests.webapp.ask.test_asking import OWLS, ask
from tests.webapp.chat import talk
from tests.webapp.chat.test_files import bring, exported
from tests.webapp.people import client_of
from tests.webapp.translate import work
from tests.webapp.write import pages as writing
from webapp.analyze import services as analyzing
from webapp.analyze.models import Row
from webapp.chat import keeping, search
from webapp.chat.models import Conversation, Task
from webapp.translate import services as translating
from webapp.translate.reading import read

pytestmark = pytest.mark.django_db


def and_back(user, conversation, **changed) -> Conversation:
    """Exported, purged, and brought again."""
    file = exported(user, conversation)
    file["conversations"][0] |= changed
    keeping.delete(conversation=conversation)
    keeping.purge(conversation=conversation)
    assert bring(user, file).imported == 1
    return Conversation.objects.get()


def markdown(user, conversation) -> str:
    return client_of(user).get(f"/chat/{conversation.pk}/export/md/").content.decode()


def test_a_question_comes_back_with_its_text(alice):
    found = ask(alice)
    talk.end(found, "Mice and voles.")
    assert f"> {OWLS}\n" in markdown(alice, found)
    back = and_back(alice, found)
    assert back.passage.text == OWLS
    assert [hit.conversation for hit in search.find(alice, back.team, "barn 350", task=Task.ASK)] == [back]
    assert "lit" in client_of(alice).get(f"/ask/{back.pk}/").content.decode()


def test_a_question_that_comes_without_its_text_says_so(alice):
    found = ask(alice)
    talk.end(found, "Mice and voles.")
    back = and_back(alice, found, room=None)
    assert "This conversation came without its text." in client_of(alice).get(f"/ask/{back.pk}/").content.decode()


def test_a_document_comes_back_with_every_version_whole(alice):
    document = writing.write(alice, "One. Two. Three.")
    writing.ask(document, "continue")
    whole = writing.answer(document, " Four.")
    assert markdown(alice, document).endswith(f"\n{whole}\n")
    back = and_back(alice, document)
    assert writing.text(back) == whole
    assert [version.text for version in writing.versions_in_order(back)] == ["One. Two. Three.", whole]


def test_a_translation_comes_back_with_its_sentences_and_corrections_and_asks_for_nothing(alice):
    found = work.start(alice, "Good morning. Goodbye.")
    work.end_all(found)
    key = read(found).parts[0].key
    translating.correct(conversation=found, author=alice, key=key, text="Guten Morgen.")
    back = and_back(alice, found)
    shown = work.shown(back)
    assert (shown.target, shown.status) == ("Guten Morgen. GOODBYE.", "done")
    assert shown.parts[0].corrected
    work.change(back, "Good morning. Goodbye. Good night.")
    work.end_all(back)
    assert (shown := work.shown(back)).target == "Guten Morgen. GOODBYE. GOOD NIGHT."
    assert shown.reply is not None
    assert shown.reply.text == shown.target  # what lists, search and exports know of it


def test_an_analysis_comes_back_with_its_labels_and_what_was_not_labelled_waits(alice):
    analysis = analyze(alice, "A day | or two", "A night")
    Row.objects.filter(number=1).update(label="positive", confidence=0.8, probabilities={"positive": 0.8})
    analyzing.correct(row=Row.objects.get(number=1), author=alice, label="negative")
    assert "| A day \\| or two | Negative |  |\n" in markdown(alice, analysis.conversation)
    back = and_back(alice, analysis.conversation)
    first, second = Row.objects.order_by("number")
    assert (first.cells, first.label, first.correction, first.confidence) == (
        ["A day | or two"], "positive", "negative", 0.8,
    )  # fmt: skip
    assert (second.label, second.generation) == ("", None)
    page = client_of(alice).get(f"/analyze/{back.pk}/").content.decode()
    assert "Stopped: 1 line is left." in page


@pytest.mark.parametrize(
    "room",
    [
        None,
        {"rows": []},
        {"rows": "none"},
        {"rows": [{"cells": ["a"]}], "column": 3},
        {"rows": [{"cells": ["a"], "confidence": 7}], "column": 0},
        {"rows": [{"cells": []}], "column": None},
        {"rows": [{"cells": [{"a": 1}]}], "column": 0},
    ],
)
def test_an_analysis_whose_rows_make_no_sense_is_refused_as_a_whole(alice, room):
    file = exported(alice, (found := analyze(alice, "A day")).conversation)
    file["conversations"][0] |= {"id": "00000000-0000-4000-8000-000000000001", "room": room}
    done = bring(alice, file)
    assert (done.imported, done.refused) == (0, 1)
    assert done.refusals_in_words[0][1] == "It is damaged."
    assert list(Conversation.objects.all()) == [found.conversation]
