"""What one version of a model translated is not taken for what another one would say."""

import pytest

from tests.webapp.serving.conftest import Make, serve
from tests.webapp.translate import work
from webapp.accounts.models import User
from webapp.chat.models import Conversation
from webapp.serving import services
from webapp.serving.models import NamedModel
from webapp.translate import services as translate

pytestmark = pytest.mark.django_db


@pytest.fixture
def translation(model: NamedModel, make_adapter: Make, alice: User) -> Conversation:
    """Of two sentences by the model's first version."""
    serve(model, make_adapter(1), alice)
    found = work.start(alice, "One. Two.")
    Conversation.objects.filter(pk=found.pk).update(options={"model": model.slug})
    found.refresh_from_db()
    work.end_all(found)
    work.change(found, "One. Two.")
    work.end_all(found)
    return found


def written_by(found: Conversation) -> dict[str, str]:
    rows = found.segments.filter(dropped=False, key__in=[part.key for part in work.shown(found).parts])
    return dict(rows.values_list("text", "generation__version"))


def test_a_new_version_translates_anew_what_the_one_before_had_translated(
    translation: Conversation, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    assert written_by(translation) == {"One.": "Support · 1", "Two.": "Support · 1"}
    serve(model, make_adapter(2), alice)
    assert work.shown(translation).target == "ONE. TWO."  # until somebody changes something, it is what it was
    work.change(translation, "One. Two. Three.")
    assert work.active(translation) == ["One.", "Two.", "Three."]
    work.end_all(translation)
    assert set(written_by(translation).values()) == {"Support · 2"}


def test_rolled_back_what_the_later_version_translated_is_translated_anew(
    translation: Conversation, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    serve(model, make_adapter(2), alice)
    work.change(translation, "One. Two.")
    work.end_all(translation)
    services.roll_back(model=model, author=alice)
    work.change(translation, "One. Two.")
    work.end_all(translation)
    assert written_by(translation) == {"One.": "Support · 1", "Two.": "Support · 1"}
    services.take_out(model=model, author=alice)
    work.change(translation, "One. Two.")
    assert work.active(translation) == ["One.", "Two."]


def test_a_sentence_that_left_the_text_under_one_version_comes_back_by_the_next(
    translation: Conversation, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    work.change(translation, "Two.")
    serve(model, make_adapter(2), alice)
    work.change(translation, "Two. One.")
    assert sorted(work.active(translation)) == ["One.", "Two."]


def test_what_a_person_wrote_stands_whatever_version_is_in_service(
    translation: Conversation, model: NamedModel, make_adapter: Make, alice: User
) -> None:
    key = work.shown(translation).parts[0].key
    translate.correct(conversation=translation, author=alice, key=key, text="Eins.")
    serve(model, make_adapter(2), alice)
    work.change(translation, "One. Two.")
    assert work.active(translation) == ["Two."]
    work.end_all(translation)
    assert work.shown(translation).target == "Eins. TWO."


def test_a_model_that_got_another_name_alone_translates_nothing_anew(
    translation: Conversation, model: NamedModel, alice: User
) -> None:
    services.rename_model(model=model, name="Help", teams=[translation.team])
    work.change(translation, "One. Two. Three.")
    assert work.active(translation) == ["Three."]
