"""Asking about a passage: what the model reads, what the pages say, and what a socket points to."""

from io import BytesIO

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from inference.fake import Fake, Script
from inference.prompts import NOT_IN_TEXT
from tests.webapp.chat import talk
from tests.webapp.people import client_of
from tests.webapp.viewers import Look
from webapp.accounts.models import User
from webapp.ask import services
from webapp.ask.models import Passage
from webapp.chat.models import Conversation, Message, Task
from webapp.chat.services import post_message
from webapp.generation.models import Generation
from webapp.generation.worker import Worker

OWLS = "Owls hunt at night. They eat mice and voles. The barn owl weighs 350 grams."


def ask(author: User, question: str = "What do owls eat?", passage: str = OWLS) -> Conversation:
    return services.ask(team=author.memberships.get().team, author=author, passage=passage, question=question)


def read(conversation: Conversation) -> list[dict]:
    """What the model reads for the newest reply."""
    prompt: list[dict] = Generation.objects.filter(channel=conversation.channel).latest("pk").prompt
    return prompt


@pytest.mark.django_db
def test_the_model_reads_the_passage_with_the_question(alice: User) -> None:
    (turn,) = read(ask(alice))
    assert OWLS in turn["content"]
    assert turn["content"].endswith("Question: What do owls eat?")


@pytest.mark.django_db
def test_a_further_question_goes_with_what_was_asked_before(alice: User) -> None:
    conversation = ask(alice)
    talk.end(conversation, "Mice and voles.")
    talk.ask(conversation, "And how heavy are they?")
    first, answer, second = read(conversation)
    assert OWLS in first["content"]
    assert answer["content"] == "Mice and voles."
    assert second["content"] == "And how heavy are they?"


@pytest.mark.django_db
def test_however_much_was_asked_before_the_passage_is_read(alice: User) -> None:
    conversation = ask(alice)
    for number in range(12):
        talk.end(conversation, f"A long answer, number {number}. " * 20)
        talk.ask(conversation, f"And number {number}?")
    turns = read(conversation)
    assert OWLS in turns[0]["content"]
    assert turns[-1]["content"].endswith("And number 11?")
    assert len(turns) < 9


@pytest.mark.django_db
def test_of_a_long_passage_the_closest_part_is_read_and_the_page_says_so(alice: User) -> None:
    passage = "\n".join([*(f"Line {n} is about something else." for n in range(900)), OWLS])
    conversation = ask(alice, passage=passage)
    (turn,) = read(conversation)
    assert "They eat mice and voles." in turn["content"]
    assert len(turn["content"]) < len(passage) / 4
    talk.end(conversation, "Mice and voles.")
    page = client_of(alice).get(conversation.get_absolute_url()).content.decode()
    assert "longer than the model can read at once" in page


@pytest.mark.django_db
def test_the_page_shows_the_passage_with_the_sentences_of_the_newest_answer(alice: User) -> None:
    conversation = ask(alice)
    talk.end(conversation, "Mice and voles.")
    page = client_of(alice).get(conversation.get_absolute_url()).content.decode()
    assert '<span class="sentence lit" id="s1">They eat mice and voles.</span>' in page
    assert page.count("sentence lit") == 1
    assert 'data-sentences="1"' in page
    assert "longer than the model" not in page


@pytest.mark.django_db
def test_an_answer_that_is_not_in_the_text_is_marked(alice: User) -> None:
    conversation = ask(alice, "Who painted them?")
    talk.end(conversation, NOT_IN_TEXT["en"])
    page = client_of(alice).get(conversation.get_absolute_url()).content.decode()
    assert '<p class="badge warn absent">' in page
    assert "sentence lit" not in page


@pytest.mark.django_db
def test_what_a_page_says_of_a_passage_is_never_markup(alice: User) -> None:
    page = client_of(alice).get(ask(alice, passage="<b>Bold</b> owls. & more.").get_absolute_url()).content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt; owls." in page


def post(client: Client, **fields: object) -> tuple[int, str]:
    response = client.post("/ask/", fields)
    return response.status_code, response.content.decode()


@pytest.mark.django_db
def test_a_form_makes_the_conversation_and_twice_the_same_one(alice: User) -> None:
    client, fields = client_of(alice), {"passage": OWLS, "text": "What?", "client_id": "7f9f6a5e" + "0" * 24}
    first, second = client.post("/ask/", fields), client.post("/ask/", fields)
    assert first.status_code == 302
    assert first.url == second.url
    assert Passage.objects.get().text == OWLS
    assert Conversation.objects.get().task == Task.ASK


@pytest.mark.django_db
def test_a_file_is_read_in_its_own_encoding_where_there_is_no_script(alice: User) -> None:
    text = "猫头鹰在夜间捕食，主要吃田鼠和家鼠。仓鸮重三百五十克，分布在世界各地，住在谷仓和教堂的塔楼里。"
    file = BytesIO(text.encode("gb18030"))
    file.name = "owls.txt"
    assert post(client_of(alice), file=file, text="猫头鹰吃什么？")[0] == 302
    passage = Passage.objects.get()
    assert (passage.text, passage.name) == (text, "owls.txt")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"passage": "", "text": "What do they eat?"}, "Paste a text, or choose a text file."),
        ({"passage": OWLS, "text": " "}, "Write a question."),
        ({"passage": "a" * 100_001, "text": "Kept?"}, "The text has 100001 characters; at most 100000 are read."),
    ],
)
def test_bad_input_gets_a_sentence_and_what_was_typed_is_kept(alice: User, fields: dict, sentence: str) -> None:
    status, page = post(client_of(alice), **fields)
    assert status == 422
    assert sentence in page
    assert fields["passage"][:40] in page
    assert fields["text"].strip() in page


@pytest.mark.django_db
def test_a_dropped_file_comes_back_as_text_or_with_a_sentence(alice: User) -> None:
    good, bad = BytesIO("Eulen jagen nachts. Über Mäuse…".encode("cp1252")), BytesIO(b"PK\x03\x04" + bytes(range(200)))
    good.name, bad.name = "eulen.txt", "owls.docx"
    client = client_of(alice)
    assert client.post("/ask/file/", {"file": good}).json() == {
        "text": "Eulen jagen nachts. Über Mäuse…", "name": "eulen.txt",
    }  # fmt: skip
    answer = client.post("/ask/file/", {"file": bad})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("owls.docx is no text file.")


@pytest.mark.django_db
def test_a_conversation_that_came_without_its_text_can_be_read(alice: User) -> None:
    team = alice.memberships.get().team
    conversation = Conversation.objects.create(team=team, author=alice, task=Task.ASK)
    post_message(conversation=conversation, author=alice, text="What?")
    assert "came without its text" in client_of(alice).get(conversation.get_absolute_url()).content.decode()


@pytest.mark.django_db(transaction=True)
async def test_who_looks_on_sees_the_sentences_while_the_answer_is_written(
    alice: User, look: Look, fake: Fake, worker: Worker
) -> None:
    conversation = await database_sync_to_async(ask)(alice, "Hello?")
    tab = await look(alice, f"/ws/ask/{conversation.pk}/")
    fake.script = Script(text="Mice and voles.", tokens_per_s=20)
    await tab.say(text="What do owls eat?", client_id="7f9f6a5e" + "2" * 24)
    said = await tab.hears_of("sentences")
    assert said["sentences"] == [1]
    assert said["absent"] is False
    fake.script = Script(text=NOT_IN_TEXT["en"])
    await tab.say(text="Who painted them?", client_id="7f9f6a5e" + "1" * 24)
    said = await tab.hears(lambda told: isinstance(told, dict) and bool(told.get("absent")))
    reply = await database_sync_to_async(Message.objects.get)(pk=said["of"])
    assert reply.parent_id is not None
