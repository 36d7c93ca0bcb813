"""What a search finds, of what is said in any script, and what it leads to."""

import re

import pytest

from tests.webapp.chat import talk
from tests.webapp.people import client_of
from webapp.chat import keeping, search, services
from webapp.chat.models import Conversation, Message, Task
from webapp.generation.models import Status
from webapp.lib import words

pytestmark = pytest.mark.django_db

TEXTS = {
    "plan": "The Meetings about the budget are on Tuesday",
    "zh": "昨天的会议讨论了机器学习模型的训练计划，南京市长江大桥很长",
    "mixed": "请帮我准备 Quarterly Review 的发言稿，ＡＢＣ公司也会来",
    "name": "王小明和李雷明天去杭州",
    "code": "Use asyncio.gather(), not threads: version 3.11",
}


@pytest.fixture
def said(alice) -> dict[str, Message]:
    found = {}
    for name, text in TEXTS.items():
        conversation = talk.start(alice)
        found[name] = talk.ask(conversation, text)
        services.rename(conversation=conversation, title=f"Number {len(found)}")
    return found


def found(user, text: str, **options) -> set[int | None]:
    team = user.memberships.get().team
    return {hit.message_id for hit in search.find(user, team, text, **options)}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("meeting", "plan"),  # the beginning of a word
        ("MEETINGS", "plan"),
        ("tues", "plan"),
        ("budget meet", "plan"),  # in any order
        ("会议", "zh"),
        ("机器学习", "zh"),
        ("会", "zh"),
        ("模型训练", "zh"),
        ("长江", "zh"),
        ("京市长", "zh"),  # across the words
        ("review 发言", "mixed"),
        ("abc公司", "mixed"),  # wide letters are the same letters
        ("王小明", "name"),
        ("杭州", "name"),
        ("asyncio gather", "code"),
        ("3.11", "code"),
    ],
)
def test_what_is_typed_finds_the_message(said, alice, typed, name):
    assert said[name].pk in found(alice, typed)


@pytest.mark.parametrize(
    "typed", ["eetings", "budgets", "meeting wednesday", "杭会", "火车", "", "  ", "'!:*&|()", "%"]
)
def test_what_is_not_there_is_not_found(said, alice, typed):
    assert found(alice, typed) == set()


def test_a_single_letter_before_others_means_that_word(alice):
    with_word, without = (
        talk.ask(talk.start(alice), "vitamin c helps"),
        talk.ask(talk.start(alice), "vitamin cures help"),
    )
    assert found(alice, "vitamin c") == {with_word.pk, without.pk}  # perhaps not typed to its end
    assert found(alice, "c vitamin") == {with_word.pk}


def test_a_reply_is_found_when_it_has_ended(alice, conversation):
    talk.ask(conversation, "Tell me")
    assert found(alice, "nightingale") == set()
    reply = talk.end(conversation, "A nightingale sings.", Status.STOPPED)
    assert found(alice, "nightingale") == {reply.pk}


def test_a_title_is_found_by_its_newest_name_only(alice, conversation):
    talk.ask(conversation, "Hello there")
    services.rename(conversation=conversation, title="Trip to 桂林")
    assert [hit.title for hit in search.find(alice, conversation.team, "桂林")] == ["Trip to <mark>桂林</mark>"]
    services.rename(conversation=conversation, title="Another")
    assert search.find(alice, conversation.team, "桂林") == []


def test_one_finds_what_one_may_see_of_the_room_one_is_in(alice, bob, charlie, conversation, shared):
    mine, ours = talk.ask(conversation, "Apples of mine"), talk.ask(shared, "Apples of ours")
    assert found(alice, "apples") == {mine.pk, ours.pk}
    assert found(bob, "apples") == {ours.pk}
    assert found(charlie, "apples") == set()
    assert found(alice, "apples", task=Task.WRITE) == set()
    keeping.delete(conversation=shared)
    assert found(bob, "apples") == set()


def test_a_conversation_is_named_once_by_its_newest_message(alice, conversation):
    talk.exchange(conversation, "First pear", "Second pear")
    _, newest = talk.exchange(conversation, "Third pear", "Fourth pear")
    assert found(alice, "pear") == {newest.pk}


def test_a_snippet_shows_where_it_was_found_and_is_text(alice, conversation):
    talk.ask(conversation, "x " * 300 + "<b>here</b> is the Needle & more" + " y" * 300)
    hit = search.find(alice, conversation.team, "needle")[0]
    assert "&lt;b&gt;here&lt;/b&gt; is the <mark>Needle</mark> &amp; more" in hit.snippet
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")
    assert len(re.sub("<[^>]+>", "", hit.snippet)) < 200


def test_texts_of_an_older_install_are_found_once_the_worker_has_seen_them(alice, conversation):
    _question, reply = talk.exchange(conversation, "Old question", "Old answer")
    Message.objects.update(words=None)
    Conversation.objects.update(words=None)
    assert found(alice, "old") == set()
    assert search.store_missing() == 3
    assert found(alice, "old") == {reply.pk}
    assert search.store_missing() == 0


def test_a_text_beyond_what_postgresql_indexes_is_stored_and_its_beginning_found(alice, conversation):
    text = "beginning " + "".join(f"w{number:07}" for number in range(5_000)) + " 字" * 4_000
    message = talk.ask(conversation, text)
    assert found(alice, "beginning 字") == {message.pk}


def test_a_result_leads_to_a_page_with_the_message_however_far_up(alice, conversation):
    first, _reply = talk.exchange(conversation, "The needle", "Yes")
    for number in range(40):
        talk.exchange(conversation, f"Question {number}", "Answer")
    client = client_of(alice)
    results = client.get("/chat/search/?q=needle", headers={"HX-Request": "true"}).content.decode()
    address = re.search(r'href="([^"]+)#m\d+"', results)[1]
    assert f'id="m{first.pk}"' not in client.get(f"/chat/{conversation.pk}/").content.decode()
    assert f'id="m{first.pk}"' in client.get(address).content.decode()


def test_a_message_on_another_branch_is_offered_with_its_branch(alice, victor, shared):
    _question, left = talk.exchange(shared, "Which fruit?", "A pomegranate")
    services.regenerate(reply=left)
    talk.end(shared, "An apple")
    hit = search.find(alice, shared.team, "pomegranate")[0]
    page = client_of(alice).get(hit.address).content.decode()
    assert f'action="/chat/{shared.pk}/messages/{left.pk}/show/"' in page
    assert "Show that branch" not in client_of(victor).get(hit.address).content.decode()
    for at in (left.pk + 10_000, "x", "9" * 30):
        assert "stands on another branch" not in client_of(alice).get(f"/chat/{shared.pk}/?at={at}").content.decode()


def test_the_search_works_as_a_page_of_its_own(said, alice):
    client = client_of(alice)
    page = client.get("/chat/search/?q=budget").content.decode()
    assert "<mark>budget</mark>" in page
    assert "Nothing found for “zebra”." in client.get("/chat/search/?q=zebra").content.decode()
    assert client.get("/chat/search/?q=x&task=nonsense").status_code == 404


def test_a_snippet_is_shown_without_the_marks_of_markdown():
    text = "# Sorting\n\n| Name | Speed |\n|---|---:|\n| Merge | **fast** |\n\n- see `heapq`, or 2 - 1\n> quoted"
    assert search.around(text, words.marks("fast")) == "Sorting Name Speed Merge fast see heapq, or 2 - 1 quoted"
