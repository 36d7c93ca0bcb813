"""Which model answers, and how it is asked: in a conversation, and in the next ones."""

import re

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from tests.webapp.chat import talk
from tests.webapp.people import client_of, make_person
from tests.webapp.viewers import Look
from webapp.accounts.models import Role, Team, User
from webapp.chat import services
from webapp.chat.models import Conversation, Preference
from webapp.chat.options import model_of, picker_for, preference
from webapp.generation import choices
from webapp.generation.models import Endpoint, Generation

pytestmark = pytest.mark.django_db
NEXT = "/chat/options/"


@pytest.fixture
def endpoint(team: Team) -> Endpoint:
    return Endpoint.objects.create(
        team=team, name="GPU box", url="http://127.0.0.1:9", served=["big-1", "big-2"],
        listed={"big-1": 4096, "big-2": None, "hidden-1": None},
    )  # fmt: skip


def of(conversation: Conversation) -> str:
    return f"/chat/{conversation.pk}/options/"


def asked(conversation: Conversation, text: str = "Hello") -> Generation:
    """What is asked for when somebody writes there."""
    conversation.refresh_from_db()
    question = talk.ask(conversation, text)
    talk.end(conversation, "Hi")
    reply = question.children.get().generation
    assert reply
    reply.refresh_from_db()
    return reply


def html_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def offered(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"', page[page.index('id="picker"') :])


def selected(page: str) -> str:
    return re.search(r'<option value="([^"]*)" selected', page)[1]


def test_without_a_choice_the_base_model_answers_under_its_version(conversation) -> None:
    reply = asked(conversation)
    assert (reply.model, reply.endpoint, reply.server) == ("colloquy", None, "")
    assert re.fullmatch(r"[0-9a-f]{12}", reply.version)
    assert reply.params == {"max_tokens": 512}


def test_the_base_model_costs_no_query(conversation, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert model_of(conversation).model == "colloquy"


def test_the_picker_names_the_built_in_model_for_what_it_is(alice) -> None:
    assert "colloquy · built-in demonstration model" in html_of(client_of(alice), "/chat/")


def test_people_may_choose_what_admins_chose_of_an_endpoints_models(alice, conversation, endpoint) -> None:
    for path in ("/chat/", f"/chat/{conversation.pk}/"):
        page = html_of(client_of(alice), path)
        assert offered(page) == ["/colloquy", f"{endpoint.pk}/big-1", f"{endpoint.pk}/big-2"]
        assert selected(page) == "/colloquy"


def test_another_teams_endpoints_are_neither_offered_nor_taken(charlie, endpoint) -> None:
    client = client_of(charlie)
    assert offered(html_of(client, "/chat/")) == ["/colloquy"]
    response = client.post(NEXT, {"model": f"{endpoint.pk}/big-1"})
    assert response.status_code == 422
    client.post("/chat/", {"text": "Hello", "model": f"{endpoint.pk}/big-1"})
    assert Generation.objects.get().endpoint is None


def test_a_chosen_model_answers_from_the_next_reply_on(alice, conversation, endpoint) -> None:
    client_of(alice).post(of(conversation), {"model": f"{endpoint.pk}/big-1"})
    reply = asked(conversation)
    assert (reply.model, reply.endpoint, reply.server, reply.version) == ("big-1", endpoint, "GPU box", "")
    assert reply.params == {}  # our limit of length is not an endpoint's
    page = html_of(client_of(alice), f"/chat/{conversation.pk}/")
    assert selected(page) == f"{endpoint.pk}/big-1"
    assert "Messages go to GPU box." in page


def test_the_base_model_can_be_chosen_again(alice, conversation, endpoint) -> None:
    for model in (f"{endpoint.pk}/big-1", "/colloquy"):
        client_of(alice).post(of(conversation), {"model": model})
    conversation.refresh_from_db()
    assert conversation.options == {}


def test_what_was_chosen_and_is_gone_says_so_and_the_base_model_answers(alice, conversation, endpoint) -> None:
    client_of(alice).post(of(conversation), {"model": f"{endpoint.pk}/big-1"})
    Endpoint.objects.update(served=["big-2"])
    page = html_of(client_of(alice), f"/chat/{conversation.pk}/")
    assert "big-1 is on offer no more: colloquy answers." in page
    assert asked(conversation).model == "colloquy"
    Endpoint.objects.all().delete()
    assert asked(conversation).model == "colloquy"


def test_a_registered_model_is_offered_and_answers_at_the_engine(alice, conversation, monkeypatch) -> None:
    monkeypatch.setattr(choices, "_sources", [])
    choices.register(lambda team_id: [choices.Choice("support@3f9c1a", version="3f9c1a")])
    client_of(alice).post(of(conversation), {"model": "/support@3f9c1a"})
    reply = asked(conversation)
    assert (reply.model, reply.version, reply.endpoint) == ("support@3f9c1a", "3f9c1a", None)


OPTIONS = {"system": "Be brief.", "temperature": "0.2", "top_p": "0.5", "max_tokens": "64", "seed": "7"}


def test_options_reach_the_prompt_and_the_sampler(alice, conversation) -> None:
    client_of(alice).post(of(conversation), OPTIONS)
    reply = asked(conversation)
    assert reply.prompt[0] == {"role": "system", "content": "Be brief."}
    assert reply.params == {"temperature": 0.2, "top_p": 0.5, "max_tokens": 64, "seed": 7}


def test_zero_is_a_choice_and_empty_is_none(alice, conversation) -> None:
    client = client_of(alice)
    client.post(of(conversation), OPTIONS | {"temperature": "0", "seed": "0"})
    assert asked(conversation).params["temperature"] == 0
    client.post(of(conversation), dict.fromkeys(OPTIONS, ""))
    assert asked(conversation).params == {"max_tokens": 512}


def test_options_are_shown_as_they_are_and_their_defaults_beside(alice, conversation) -> None:
    client = client_of(alice)
    page = html_of(client, of(conversation))
    for default in ("0.6", "0.9", "512"):  # the built-in model's own, and the install's
        assert f'placeholder="Default: {default}"' in page
    client.post(of(conversation), OPTIONS)
    page = html_of(client, of(conversation))
    assert "Be brief.</textarea>" in page
    assert 'value="0.2"' in page


def test_a_choice_of_model_keeps_the_options_and_they_keep_it(alice, conversation, endpoint) -> None:
    client = client_of(alice)
    client.post(of(conversation), OPTIONS)
    client.post(of(conversation), {"model": f"{endpoint.pk}/big-2"})
    client.post(of(conversation), OPTIONS | {"seed": "8"})
    conversation.refresh_from_db()
    assert conversation.options["model"] == "big-2"
    assert conversation.options["seed"] == 8


def test_reset_brings_the_defaults_back_and_keeps_the_model(alice, conversation, endpoint) -> None:
    client = client_of(alice)
    client.post(of(conversation), OPTIONS | {"model": f"{endpoint.pk}/big-2"})
    client.post(of(conversation), OPTIONS | {"defaults": "1"})
    conversation.refresh_from_db()
    assert conversation.options == {"model": "big-2", "endpoint": endpoint.pk}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("temperature", "2.1", "The temperature is a number from 0 to 2, such as 0.7."),
        ("temperature", "-1", "The temperature is a number from 0 to 2, such as 0.7."),
        ("temperature", "hot", "The temperature is a number from 0 to 2, such as 0.7."),
        ("temperature", "nan", "The temperature is a number from 0 to 2, such as 0.7."),
        ("top_p", "0", "Top p is a number above 0 and at most 1, such as 0.9."),
        ("top_p", "1.01", "Top p is a number above 0 and at most 1, such as 0.9."),
        ("max_tokens", "0", "The longest reply is a whole number of tokens from 1 to 1024."),
        ("max_tokens", "1025", "The longest reply is a whole number of tokens from 1 to 1024."),
        ("max_tokens", "many", "The longest reply is a whole number of tokens from 1 to 1024."),
        ("seed", "-1", "A seed is a whole number from 0 to 2147483647."),
        ("system", "long " * 2000, "A system prompt has at most 8000 characters."),
        ("model", "/unheard-of", "This model is on offer no more. Choose another."),
    ],
)
def test_what_cannot_be_an_option_is_refused_with_a_sentence(
    field, value, sentence, alice, conversation, settings
) -> None:
    settings.CONTEXT_TOKENS = 1024
    for path in (of(conversation), NEXT):
        response = client_of(alice).post(path, OPTIONS | {field: value})
        assert response.status_code == 422
        page = response.content.decode()
        assert sentence in page
        assert "Be brief." in page or field == "system"  # what was typed stays
    conversation.refresh_from_db()
    assert conversation.options == {}


def test_the_next_conversation_begins_with_what_was_chosen_last(alice, conversation, endpoint) -> None:
    client = client_of(alice)
    client.post(of(conversation), {"model": f"{endpoint.pk}/big-1", **OPTIONS})
    assert selected(html_of(client, "/chat/")) == f"{endpoint.pk}/big-1"
    client.post("/chat/", {"text": "Hello"})
    begun = Conversation.objects.exclude(pk=conversation.pk).get()
    assert begun.options == {"model": "big-1", "endpoint": endpoint.pk}  # the rest was that conversation's


def test_what_is_chosen_for_the_next_conversations_is_nobody_elses(alice, bob, endpoint) -> None:
    client_of(alice).post(NEXT, OPTIONS | {"model": f"{endpoint.pk}/big-1"})
    assert selected(html_of(client_of(bob), "/chat/")) == "/colloquy"
    client_of(alice).post("/chat/", {"text": "Hello"})
    reply = Generation.objects.get()
    assert (reply.model, reply.params["seed"], reply.prompt[0]["role"]) == ("big-1", 7, "system")


def test_the_model_in_the_first_messages_form_counts_and_is_remembered(alice, endpoint) -> None:
    client = client_of(alice)
    client.post("/chat/", {"text": "Hello", "model": f"{endpoint.pk}/big-2"})
    assert Generation.objects.get().model == "big-2"
    assert Preference.objects.get().options == {"chat": {"model": "big-2", "endpoint": endpoint.pk}}


def test_another_task_begins_with_the_same_model_and_with_options_of_its_own(alice, team, endpoint) -> None:
    client = client_of(alice)
    client.post(NEXT, OPTIONS | {"model": f"{endpoint.pk}/big-1"})
    assert preference(alice, team, "write") == {"model": "big-1", "endpoint": endpoint.pk}
    client.post(f"{NEXT}?task=write", {"model": "/colloquy", "seed": "9"})
    assert preference(alice, team, "write") == {"seed": 9}
    assert preference(alice, team)["seed"] == 7
    assert 'value="9"' in html_of(client, f"{NEXT}?task=write")
    assert client.get(f"{NEXT}?task=nonsense").status_code == 404


def test_a_choice_is_of_one_team(alice, team, endpoint) -> None:
    client = client_of(alice)
    client.post(NEXT, {"model": f"{endpoint.pk}/big-2"})
    other = Team.objects.create(name="Other")
    other.memberships.create(user=alice, role=Role.OWNER)
    client.post(f"/teams/{other.pk}/switch/")
    assert selected(html_of(client, "/chat/")) == "/colloquy"


def test_a_viewer_sees_the_options_and_changes_none(victor, shared) -> None:
    client = client_of(victor)
    page = html_of(client, of(shared))
    assert "You may see its options, but not change them." in page
    assert page.count("disabled") == 5
    assert ">Save<" not in page
    assert client.post(of(shared), OPTIONS).status_code == 403
    assert of(shared) in html_of(client, f"/chat/{shared.pk}/")


def test_a_member_may_change_what_they_may_write_in(bob, shared) -> None:
    assert client_of(bob).post(of(shared), OPTIONS).status_code == 302
    shared.refresh_from_db()
    assert shared.options["seed"] == 7


def test_htmx_gets_a_dialog_and_then_the_form_alone(alice, conversation) -> None:
    client = client_of(alice)
    htmx = {"HX-Request": "true"}
    assert "<html" not in client.get(of(conversation), headers=htmx).content.decode()
    saved = client.post(of(conversation), OPTIONS, headers=htmx)
    assert saved.status_code == 204
    assert "The options are saved." in saved.headers["HX-Trigger"]
    assert client.post(of(conversation), {"seed": "x"}, headers=htmx).status_code == 422


@pytest.mark.parametrize(("model", "told"), [("/colloquy", ""), ("/gone-1", "This model is on offer no more.")])
def test_htmx_gets_the_picker_drawn_anew(model, told, alice, conversation) -> None:
    headers = {"HX-Request": "true", "HX-Target": "picker"}
    drawn = client_of(alice).post(of(conversation), {"model": model}, headers=headers)
    assert drawn.status_code == 200
    assert 'id="picker"' in drawn.content.decode()
    assert told in drawn.headers.get("HX-Trigger", "")


@pytest.mark.django_db(transaction=True)
async def test_a_colleague_hears_which_model_is_chosen(alice: User, bob: User, endpoint: Endpoint, look: Look) -> None:
    conversation = await database_sync_to_async(talk.start)(alice, shared=True)
    tab = await look(bob, conversation.pk)
    assert (await tab.hears_of("model"))["model"] == "/colloquy"
    chosen = {"model": f"{endpoint.pk}/big-1"}
    await database_sync_to_async(lambda: client_of(alice).post(of(conversation), chosen))()
    assert (await tab.hears_of("model"))["model"] == f"{endpoint.pk}/big-1"


def test_a_pages_models_cost_two_queries(alice, endpoint, django_assert_num_queries) -> None:
    with django_assert_num_queries(2):  # the endpoints', and those that the team taught
        picker = picker_for(endpoint.team_id, {})
        assert len(picker.choices) == 3


def test_somebody_new_has_chosen_nothing(team) -> None:
    client = client_of(make_person("Nina", team))
    assert selected(html_of(client, "/chat/")) == "/colloquy"
    assert not services.Conversation.objects.exists()
