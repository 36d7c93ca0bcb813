"""The pages that translate, as a browser without script meets them."""

import pytest
from django.test import Client

from tests.webapp.people import client_of
from tests.webapp.translate import work
from webapp.accounts.models import User
from webapp.chat.models import Conversation, Feedback
from webapp.translate.reading import read

pytestmark = pytest.mark.django_db

HELLO = {"text": "Good morning.\r\n\r\nGoodbye.", "source": "", "target": "de"}


def chosen(page: str, name: str) -> str:
    """The value that a list of languages shows."""
    select = page.split(f'name="{name}"')[1].split("</select>")[0]
    return select.split(" selected>")[0].rsplit('value="', 1)[1].rstrip('"')


def test_the_form_makes_a_translation_with_the_text_as_it_was_typed(alice: User) -> None:
    client = client_of(alice)
    response = client.post("/translate/", HELLO)
    found = Conversation.objects.get()
    assert response.url == f"/translate/{found.pk}/"
    assert read(found).asked.text == "Good morning.\n\nGoodbye."
    work.end_all(found)
    page = client.get(response.url).content.decode()
    assert "GOOD MORNING.</span>\n\n<span" in page
    assert "English (detected)" in page


def test_while_it_is_written_a_page_without_script_offers_to_look_again(alice: User) -> None:
    found = work.start(alice, "Good morning.")
    client = client_of(alice)
    again = "Still being translated: look again"
    assert again in client.get(found.get_absolute_url()).content.decode()
    work.end_all(found)
    assert again not in client.get(found.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": "  "}, "Write or paste a text first."),
        ({"text": "x" * 20_001}, "This is longer than 20000 characters (20001). Translate it in parts."),
        ({"target": "klingon"}, "This language is not offered. Choose one from the list."),
    ],
)
def test_what_cannot_be_translated_is_said_and_nothing_typed_is_lost(
    alice: User, change: dict[str, str], sentence: str
) -> None:
    client = client_of(alice)
    for address in ("/translate/", f"{work.start(alice, 'One.').get_absolute_url()}text/"):
        response = client.post(address, HELLO | change)
        page = response.content.decode()
        assert (response.status_code, sentence in page) == (422, True)
        assert (HELLO | change)["text"].strip().replace("\r\n", "\n") in page.replace("\r\n", "\n")


def test_the_next_translation_goes_into_the_language_of_the_last(alice: User, bob: User) -> None:
    work.start(alice, "Good morning.", target="ja")
    assert chosen(client_of(alice).get("/translate/").content.decode(), "target") == "ja"
    assert chosen(client_of(bob).get("/translate/").content.decode(), "target") == "zh-Hans"
    in_chinese = client_of(bob).get("/translate/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert chosen(in_chinese, "target") == "en"


def test_a_viewer_finds_no_form_but_the_shared_translations(alice: User, victor: User) -> None:
    work.end_all(work.start(alice, "Shared words.", shared=True))
    page = client_of(victor).get("/translate/").content.decode()
    assert 'name="text"' not in page
    assert "Shared words." in page


def test_a_thumb_is_given_and_taken_back(alice: User) -> None:
    found = work.start(alice, "One.")
    client: Client = client_of(alice)
    assert client.post(f"/translate/{found.pk}/thumb/", {"thumb": "1"}).status_code == 404  # nothing is there yet
    work.end_all(found)
    for thumb in (1, 0, -1):
        assert client.post(f"/translate/{found.pk}/thumb/", {"thumb": thumb}).status_code == 302
        assert Feedback.objects.get(author=alice).thumb == thumb
    assert client.post(f"/translate/{found.pk}/thumb/", {"thumb": "7"}).status_code == 404


def test_a_page_of_many_sentences_needs_no_query_for_each(alice: User, django_assert_max_num_queries) -> None:
    found = work.start(alice, " ".join(f"Sentence number {n}." for n in range(60)))
    work.end_all(found)
    client = client_of(alice)
    client.get(found.get_absolute_url())
    with django_assert_max_num_queries(24):
        assert client.get(found.get_absolute_url()).status_code == 200


def test_another_model_translates_the_text_anew(alice: User) -> None:
    found = work.start(alice, "One. Two.")
    work.end_all(found)
    Conversation.objects.filter(pk=found.pk).update(options={"model": "another"})
    assert (work.shown(found).status, work.shown(found).target) == ("", " ")
    work.change(found, "One. Two.")
    assert work.active(found) == ["One.", "Two."]
