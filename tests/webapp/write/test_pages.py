"""The write pages as people without script see them."""

import json
import re
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.webapp.people import client_of
from tests.webapp.write import pages
from webapp.accounts.models import User
from webapp.chat.models import Conversation
from webapp.generation.models import Status

pytestmark = pytest.mark.django_db
FORM = {"kind": "story", "topic": "a dog", "length": "short", "tone": "neutral", "language": "en"}


def html(response: HttpResponse, status: int = 200) -> str:
    assert response.status_code == status, response.status_code
    return response.content.decode()


def created(response: HttpResponse) -> Conversation:
    assert response.status_code == 302
    return Conversation.objects.get(pk=UUID(response.url.rstrip("/").rsplit("/", 1)[1]))


def path(document: Conversation, rest: str = "") -> str:
    return f"/write/{document.pk}/{rest}"


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


def test_the_form_makes_a_document(browser: Client) -> None:
    document = created(browser.post("/write/", FORM))
    assert "being written" in html(browser.get(path(document)))
    assert pages.version(document).request.details == {
        "action": "write", "kind": "story", "language": "en", "words": 150, "tone": "neutral"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [({"length": "long"}, 1000), ({"words": "333"}, 333), ({"language": "zh-Hans", "length": "medium"}, 800)],
)
def test_a_length_is_chosen_or_typed(browser: Client, given: dict, words: int) -> None:
    document = created(browser.post("/write/", {**FORM, **given}))
    assert pages.version(document).request.details["words"] == words


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"topic": "  "}, "Say what the text is about."),
        ({"topic": "x" * 4001}, "longer than 4000 characters (4001)"),
        ({"words": "many"}, "The length is a number of words."),
        ({"words": "3"}, "at least 20 words"),
        ({"words": "50000"}, "At most 5000 words at once"),
        ({"kind": "poem"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_written_is_said_and_what_was_typed_is_kept(browser: Client, given: dict, sentence: str) -> None:
    page = html(browser.post("/write/", {**FORM, "topic": "Keep me", **given}), 422)
    assert sentence in page
    assert "Keep me" in page or "topic" in given
    assert not Conversation.objects.exists()


def test_the_page_s_language_is_the_text_s_at_first(alice: User) -> None:
    alice.language = "zh-hans"
    alice.save()
    page = html(client_of(alice).get("/write/"))
    assert re.search(r'value="zh-Hans" selected', page)


def test_an_example_fills_the_form(browser: Client) -> None:
    page = html(browser.get("/write/?kind=story&topic=a+dog"))
    assert re.search(r'value="story"[^>]* checked', page)
    assert ">\na dog</textarea>" in page


def test_a_viewer_reads_and_has_no_form(alice: User, victor: User) -> None:
    document = pages.write(alice, shared=True)
    reader = client_of(victor)
    assert "As a viewer" in html(reader.get("/write/"))
    page = html(reader.get(path(document)))
    assert "The last words." in page
    assert "You may read this text, but not change it." in page
    for control in ('name="action"', "/edit/", "/show/", "/regenerate/"):
        assert control not in page


def test_a_document_shows_its_text_as_blocks_with_its_length(alice: User, browser: Client) -> None:
    page = html(browser.get(path(pages.write(alice))))
    assert '<div class="block"><h1>A title</h1>' in page
    assert "<strong>fine</strong>" in page
    assert "11 words" in page


def test_a_change_by_plain_form_is_seen_when_the_page_is_loaded_again(alice: User, browser: Client) -> None:
    document = pages.write(alice)
    base = pages.version(document).message.pk
    response = browser.post(path(document, "change/"), {"base": base, "action": "tone:formal"})
    assert response.url == path(document)
    pages.answer(document, "Formally.")
    assert "Formally." in html(browser.get(path(document)))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"action": "change"}, "Say what to change."),
        ({"action": "tone"}, "Choose a tone."),
        ({"action": "rewrite", "selection": "shown:9:0:9:3"}, "Nothing is selected."),
        ({"action": "rewrite", "selection": "nonsense"}, "Enter a valid value."),
        ({"action": "rewrite", "base": "1"}, "changed the text meanwhile"),
    ],
)
def test_what_cannot_be_changed_is_said(alice: User, browser: Client, given: dict, sentence: str) -> None:
    document = pages.write(alice)
    fields = {"base": pages.version(document).message.pk, **given}
    assert sentence in html(browser.post(path(document, "change/"), fields, follow=True))
    toast = browser.post(path(document, "change/"), fields, headers={"HX-Request": "true"})
    assert toast.status_code == 422
    assert sentence in json.loads(toast["HX-Trigger"])["toast"]["message"]
    assert pages.text(document) == pages.THREE


def test_the_editor_holds_the_source_to_the_character(alice: User, browser: Client) -> None:
    source = "\n\n  indented <b>&amp;\n\n```\n x\n```\n"
    document = pages.write(alice, "x")
    base = pages.version(document).message.pk
    browser.post(path(document, "edit/"), {"base": base, "text": source.replace("\n", "\r\n")})
    assert pages.text(document) == source
    page = html(browser.get(path(document, "edit/")))
    assert ">\n\n\n  indented &lt;b&gt;&amp;amp;\n" in page


def test_two_who_edit_at_the_same_time_lose_nothing(alice: User, bob: User, browser: Client) -> None:
    document = pages.write(alice, shared=True)
    base = pages.version(document).message.pk
    client_of(bob).post(path(document, "edit/"), {"base": base, "text": "Bob's words."})
    page = html(browser.post(path(document, "edit/"), {"base": base, "text": "Alice's words."}), 422)
    assert "Bob changed the text meanwhile" in page
    assert "Alice&#x27;s words." in page
    newest = re.search(r'name="base" value="(\d+)"', page)[1]
    assert browser.post(path(document, "edit/"), {"base": newest, "text": "Alice's words."}).status_code == 302
    assert pages.text(document) == "Alice's words."
    assert "Bob's words." in html(browser.get(path(document, f"versions/{newest}/")))


def test_what_was_typed_while_the_text_is_written_is_kept(alice: User, browser: Client) -> None:
    document = pages.write(alice)
    base = pages.version(document).message.pk
    pages.ask(document, "continue")
    page = html(browser.post(path(document, "edit/"), {"base": base, "text": "Typed."}), 422)
    assert "being written just now" in page
    assert "Typed." in page


def test_an_emptied_text_is_not_saved(alice: User, browser: Client) -> None:
    document = pages.write(alice)
    fields = {"base": pages.version(document).message.pk, "text": ""}
    assert "There is nothing left" in html(browser.post(path(document, "edit/"), fields), 422)


def test_an_earlier_version_is_looked_at_and_brought_back(alice: User, browser: Client) -> None:
    document = pages.write(alice, "One.")
    first = pages.version(document).message.pk
    pages.ask(document, "continue")
    pages.answer(document, "Two.")
    page = html(browser.get(path(document, f"versions/{first}/")))
    assert "One." in page
    assert "Two." not in page
    browser.post(path(document, f"versions/{first}/show/"))
    assert pages.text(document) == "One."
    assert browser.get(path(document, f"versions/{first}/")).url == path(document)


def test_a_document_with_many_versions_lists_them_in_pages(alice: User, browser: Client) -> None:
    document = pages.write(alice, "0")
    for number in range(1, 41):
        browser.post(path(document, "edit/"), {"base": pages.version(document).message.pk, "text": str(number)})
    page = html(browser.get(path(document)))
    assert "41. Edited by hand" in page
    assert "1. Written" not in page
    assert "1. Written" in html(browser.get(path(document, "versions/?page=2")))


@pytest.mark.parametrize(
    ("status", "text", "sentence"),
    [
        (Status.FAILED, "", "could not be reached"),
        (Status.STOPPED, "", "Stopped before anything was written."),
        (Status.STOPPED, "Half a", "goes on from here"),
        (Status.DONE, "", "The model wrote nothing."),
    ],
)
def test_how_the_writing_ended_is_said(alice: User, browser: Client, status: Status, text: str, sentence: str) -> None:
    document = pages.begin(alice)
    pages.answer(document, text, status)
    version = pages.version(document).message
    version.generation.failure = "unavailable" if status == Status.FAILED else ""
    version.generation.save()
    assert sentence in html(browser.get(path(document)))


def test_a_page_of_a_long_document_asks_the_database_no_more(
    alice: User, browser: Client, django_assert_max_num_queries
) -> None:
    document = pages.write(alice, "## Part\n\nA sentence of it. And *another*.\n\n" * 3000)
    browser.get(path(document))
    with django_assert_max_num_queries(22):
        page = html(browser.get(path(document)))
    assert page.count('class="block"') == 6000
