"""Every room speaks of its own things, and a search leads to what it found in each of them."""

import re

import pytest

from tests.webapp.analyze.test_labelling import analyze
from tests.webapp.ask.test_asking import ask
from tests.webapp.chat import talk
from tests.webapp.people import client_of
from tests.webapp.translate import work
from tests.webapp.write import pages as writing
from webapp.analyze import services as analyzing
from webapp.analyze import tables
from webapp.chat import search, services
from webapp.chat.models import Task

pytestmark = pytest.mark.django_db

WORDS = {
    "chat": ("New chat", "Conversations"),
    "write": ("New document", "Documents"),
    "translate": ("New translation", "Translations"),
    "ask": ("New text", "Asked before"),
    "analyze": ("New analysis", "Analyses"),
}


def button(page: str) -> tuple[str, str]:
    """Room and words of the button that begins something new, which the phone's top bar has once more."""
    found = re.findall(r'name="task" value="(\w+)" (?:aria-label="|data-key="n">.*?</svg>)([^"<]+)', page)
    assert len(found) == 2
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("task", Task.values)
def test_the_button_and_the_list_are_the_rooms_own(alice, conversation, task):
    talk.exchange(conversation, "Hello", "Hi")
    type(conversation).objects.update(task=task)
    client = client_of(alice)
    new, things = WORDS[task]
    for address in (f"/{task}/", f"/chat/search/?task={task}&q=x", f"/chat/{conversation.pk}/menu/"):
        page = client.get(address).content.decode()
        assert button(page) == (task, new)
        assert f"<h2>{things}</h2>" in page
        assert re.findall(r'href="/(\w+)/" aria-current="true"', page) == [task]
    assert client.post("/chat/new/", {"task": task}).url == f"/{task}/"


@pytest.mark.parametrize("said", [{}, {"task": "nonsense"}])
def test_something_new_is_a_chat_where_no_room_is_named(alice, said):
    assert client_of(alice).post("/chat/new/", said).url == "/chat/"


@pytest.mark.parametrize("address", ["/settings/profile/", "/settings/conversations/", "/shortcuts/"])
def test_a_page_of_no_room_begins_a_chat_and_marks_none(alice, address):
    page = client_of(alice).get(address).content.decode()
    assert button(page) == ("chat", "New chat")
    assert not re.search(r'href="/(chat|write|translate|ask|analyze)/" aria-current', page)


def found_at(user, team, words, task):
    """The page behind the first result, and where it is in the end."""
    hit = search.find(user, team, words, task=task)[0]
    answer = client_of(user).get(hit.address, follow=True)
    return answer.content.decode(), answer.redirect_chain


def test_a_search_leads_to_an_answer_about_a_text_however_far_up_or_on_another_branch(alice):
    found = ask(alice, "What do they eat?")
    talk.end(found, "Voles and pomegranates.")
    first = found.messages.get(content="What do they eat?")
    for number in range(40):
        talk.exchange(found, f"And number {number}?", "No.")
    assert f'id="m{first.pk}"' not in client_of(alice).get(f"/ask/{found.pk}/").content.decode()
    page, _ = found_at(alice, found.team, "pomegranates", Task.ASK)
    assert f'id="m{first.pk}"' in page
    services.regenerate(reply=first.children.get())
    talk.end(found, "Mice.")
    page, _ = found_at(alice, found.team, "pomegranates", Task.ASK)
    assert "stands on another branch" in page


def test_a_search_finds_the_words_of_a_text_that_was_asked_about(alice):
    found = ask(alice, "What do they eat?")
    page, _ = found_at(alice, found.team, "barn 350 grams", Task.ASK)
    assert "What do they eat?" in page


def test_a_search_leads_to_the_version_in_which_the_words_stand(alice):
    document = writing.write(alice, "The harbour at dawn. Ships.")
    page, moved = found_at(alice, document.team, "dawn", Task.WRITE)
    assert not moved
    writing.ask(document, "rewrite")
    writing.answer(document, "The harbour at night. Ships.")
    assert not found_at(alice, document.team, "night", Task.WRITE)[1]
    page, moved = found_at(alice, document.team, "dawn", Task.WRITE)
    assert "/versions/" in moved[-1][0]
    assert "The harbour at dawn." in page


def test_a_search_leads_to_the_rows_in_which_the_words_stand(alice):
    analysis = analyze(alice, "A positive day", "A negative one", "It is neutral")
    page, _ = found_at(alice, analysis.conversation.team, "negative", Task.ANALYZE)
    assert re.findall(r'<tr id="row-(\d+)"', page) == ["2"]


def test_a_search_leads_to_all_rows_where_the_words_stand_in_another_column_than_the_texts(alice):
    text = "room,text\nattic,A positive day\ncellar,A negative one"
    analysis = analyze(alice, text, table=tables.table(text))
    analyzing.begin(analysis=analysis, column=1)
    page, _ = found_at(alice, analysis.conversation.team, "cellar", Task.ANALYZE)
    assert re.findall(r'<tr id="row-(\d+)"', page) == ["1", "2"]


def test_a_search_tells_the_page_that_translates_which_words_were_found(alice):
    found = work.start(alice, "Good morning. The ferry leaves.")
    work.end_all(found)
    hit = search.find(alice, found.team, "ferry", task=Task.TRANSLATE)[0]
    assert "q=ferry" in hit.address.lower()
