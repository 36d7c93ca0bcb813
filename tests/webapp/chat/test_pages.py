"""The pages as they work without script, which is also how htmx uses them."""

import re

import pytest
from django.test import Client

from tests.webapp.chat import talk
from tests.webapp.people import client_of, make_person
from webapp.accounts.models import Membership, Role, Team
from webapp.chat import pages, services, thread
from webapp.chat.models import Conversation, Message

pytestmark = pytest.mark.django_db

TOO_LONG = "This is longer than 50000 characters (50001). Send it in parts."


def html_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def said(client: Client, path: str, data: dict | None = None) -> str:
    """The page on which a form ends, in words."""
    response = client.post(path, data or {}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_who_belongs_to_no_team_is_told_so(db):
    client = client_of(make_person("Nobody"))
    for path in ("/chat/", "/chat/list/"):
        assert client.get(path).url == "/teams/none/"
    assert client.post("/chat/", {"text": "Hello"}).url == "/teams/none/"
    assert client.get("/", follow=True).redirect_chain[-1] == ("/teams/none/", 302)


def test_the_first_message_makes_the_conversation(alice, team):
    response = client_of(alice).post("/chat/", {"text": "Hello there"})
    conversation = Conversation.objects.get()
    assert response.url == f"/chat/{conversation.pk}/"
    assert (conversation.author, conversation.team, conversation.shared) == (alice, team, False)
    assert talk.shown(conversation) == ["Hello there", ""]
    assert "Hello there" in html_of(client_of(alice), response.url)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_first_message_makes_no_conversation(text, alice):
    response = client_of(alice).post("/chat/", {"text": text})
    assert response.status_code == 422
    assert "Write something first." in response.content.decode()
    assert not Conversation.objects.exists()


def test_what_was_typed_is_not_lost_when_it_cannot_be_taken(alice, conversation):
    text = "long " * 10_000 + "!"
    for path in ("/chat/", f"/chat/{conversation.pk}/messages/"):
        response = client_of(alice).post(path, {"text": text})
        assert response.status_code == 422
        page = response.content.decode()
        assert TOO_LONG in page
        assert re.search(r"<textarea[^>]*>([^<]*)</textarea>", page)[1] == text
    assert not Message.objects.exists()


def test_a_message_by_plain_form_is_answered_like_any_other(alice, conversation):
    answer = client_of(alice).post(f"/chat/{conversation.pk}/messages/", {"text": "Hello", "client_id": ""})
    assert answer.url == f"/chat/{conversation.pk}/"
    assert talk.shown(conversation) == ["Hello", ""]


def test_a_viewer_is_offered_no_composer(victor, shared):
    talk.exchange(shared, "Hello", "Hi")
    for path in ("/chat/", f"/chat/{shared.pk}/"):
        page = html_of(client_of(victor), path)
        assert "<textarea" not in page
        assert "/regenerate/" not in page
    assert "You may read this conversation, but not write in it." in page


@pytest.mark.parametrize(("person", "offered"), [("alice", True), ("anna", True), ("bob", False), ("victor", False)])
def test_only_who_may_manage_a_conversation_is_offered_to(person, offered, shared, request):
    page = html_of(client_of(request.getfixturevalue(person)), f"/chat/{shared.pk}/menu/")
    for action in ("rename", "share", "delete"):
        assert (f'action="/chat/{shared.pk}/{action}/"' in page) is offered


def test_text_is_shown_as_text_and_a_reply_as_markdown(alice, conversation):
    talk.exchange(conversation, "<b>Is *this* bold?</b>", "**Yes** <script>alert(1)</script>")
    page = html_of(client_of(alice), f"/chat/{conversation.pk}/")
    assert "&lt;b&gt;Is *this* bold?&lt;/b&gt;" in page
    assert "<strong>Yes</strong> &lt;script&gt;" in page


def test_a_title_is_shown_as_text(alice, conversation):
    services.rename(conversation=conversation, title="<script>alert(1)</script>")
    talk.ask(conversation, "Hello")
    assert "<script>alert" not in html_of(client_of(alice), f"/chat/{conversation.pk}/")


def test_no_page_holds_what_the_content_security_policy_forbids(alice, shared):
    talk.exchange(shared, "Hello", "```python\nx = 1\n```\n\n$x^2$\n\n| a |\n|:-:|\n| 1 |\n")
    for path in ("/chat/", f"/chat/{shared.pk}/"):
        page = html_of(client_of(alice), path)
        assert not re.search(r"""<[^>]*\s(style|on[a-z]+)=["']""", page)
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)|javascript:", page)


def test_renaming_needs_a_title_and_says_so(alice, conversation):
    client, path = client_of(alice), f"/chat/{conversation.pk}/rename/"
    assert "A conversation needs a title." in said(client, path, {"title": " "})
    assert "A title has at most 120 characters." in said(client, path, {"title": "x" * 121})
    assert "My title" in said(client, path, {"title": "My title"})


def test_a_conversation_is_shared_and_made_private_again(alice, bob, conversation):
    client, colleague = client_of(alice), client_of(bob)
    client.post(f"/chat/{conversation.pk}/share/", {"shared": "1"})
    assert colleague.get(f"/chat/{conversation.pk}/").status_code == 200
    client.post(f"/chat/{conversation.pk}/share/", {"shared": "0"})
    assert colleague.get(f"/chat/{conversation.pk}/").status_code == 404


def test_an_admin_who_makes_anothers_conversation_private_lands_where_there_is_something(anna, shared):
    response = client_of(anna).post(f"/chat/{shared.pk}/share/", {"shared": "0"})
    assert response.url == "/chat/"


def test_a_deleted_conversation_is_gone_and_the_page_says_so(alice, conversation):
    client = client_of(alice)
    assert "“New chat” was deleted." in said(client, f"/chat/{conversation.pk}/delete/")
    assert client.get(f"/chat/{conversation.pk}/").status_code == 404


def test_asking_for_another_answer_while_one_is_written_says_what_to_do(alice, conversation):
    _question, reply = talk.exchange(conversation, "Hello", "Hi")
    talk.ask(conversation, "And?")
    page = said(client_of(alice), f"/chat/{conversation.pk}/messages/{reply.pk}/regenerate/")
    assert "A reply is being written. Stop it, or wait until it has ended." in page


def test_htmx_gets_no_page_where_the_socket_brings_the_change(alice, conversation):
    _question, reply = talk.exchange(conversation, "Hello", "Hi")
    client = client_of(alice)
    for action in ("stop", f"messages/{reply.pk}/regenerate", f"messages/{reply.pk}/show"):
        answer = client.post(f"/chat/{conversation.pk}/{action}/", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (204, b"")


def test_opening_a_conversation_of_another_team_of_mine_switches_to_it(alice, conversation):
    other = Team.objects.create(name="Cirrus")
    Membership.objects.create(team=other, user=alice, role=Role.OWNER)
    elsewhere = services.create_conversation(team=other, author=alice)
    talk.ask(conversation, "Here"), talk.ask(elsewhere, "Elsewhere")
    client = client_of(alice)
    assert "data-conversation" in html_of(client, f"/chat/{elsewhere.pk}/")
    home = html_of(client, "/chat/")
    assert "Elsewhere" in home
    assert "<span>Here</span>" not in home


def test_the_list_goes_on_where_its_page_ends_and_holds_no_empty_conversation(alice):
    for number in range(pages.LIST_PAGE + 2):
        talk.ask(talk.start(alice), f"Subject {number}.")
    talk.start(alice)
    first, second = (html_of(client_of(alice), f"/chat/list/?page={page}") for page in (1, 2))
    assert first.count('class="conversation"') == pages.LIST_PAGE
    assert "page=2" in first
    assert re.findall(r"<span>(Subject \d+\.)", second) == ["Subject 1.", "Subject 0."]
    assert html_of(client_of(alice), "/chat/list/?page=nonsense") == first


def test_a_long_conversation_opens_at_its_end_and_the_rest_can_be_loaded(alice, conversation):
    for number in range(thread.WINDOW):
        talk.exchange(conversation, f"Question {number}.", f"Answer {number}.")
    page = html_of(client_of(alice), f"/chat/{conversation.pk}/")
    assert "Question 29." not in page
    assert "Question 30." in page
    older = re.search(rf'hx-get="(/chat/{conversation.pk}/older/\d+/)"', page)[1]
    rest = html_of(client_of(alice), older)
    assert re.findall(r"Question (\d+)\.", rest) == [str(number) for number in range(30)]
    assert "/older/" not in rest


def test_a_page_says_what_it_shows(alice, conversation):
    talk.exchange(conversation, "Hello", "Hi")
    conversation.refresh_from_db()
    assert f'data-revision="{conversation.revision}"' in html_of(client_of(alice), f"/chat/{conversation.pk}/")


def test_a_reply_tells_its_length_and_speed(alice, conversation):
    _question, reply = talk.exchange(conversation, "Hello", "Hi")
    generation = reply.generation
    generation.completion_tokens, generation.first_token_ms, generation.writing_ms = 11, 840, 500
    generation.save()
    page = html_of(client_of(alice), f"/chat/{conversation.pk}/")
    assert "11 tokens · 0.8 s · 20 tokens/s" in page


def test_a_message_of_somebody_whose_account_is_gone_stays(alice, shared):
    dora = make_person("Dora", shared.team)
    talk.ask(shared, "Goodbye", dora)
    dora.delete()
    assert "Somebody who left" in html_of(client_of(alice), f"/chat/{shared.pk}/")
