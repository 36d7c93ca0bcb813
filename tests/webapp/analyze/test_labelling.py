"""Labels come from the engine's own probabilities, a few rows at a time, and people have the last word."""

import asyncio
import csv
import io

import pytest
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.client import Client
from inference.fake import Fake, Script
from inference.fake.script import Failures
from tests.engine import Engine
from tests.webapp.people import client_of
from tests.webapp.viewers import Look
from tests.webapp.workers import until, working
from webapp.accounts.models import User
from webapp.analyze import labelling, reading, services, tables
from webapp.analyze.models import Analysis, Row
from webapp.chat import keeping
from webapp.chat.models import Conversation, Feedback
from webapp.generation.models import Generation, Status
from webapp.generation.worker import Worker


def analyze(author: User, *texts: str, table: tables.Table | None = None) -> Analysis:
    text = "\n".join(texts)
    conversation = services.analyze(
        team=author.memberships.get().team, author=author, table=table or tables.lines(text), text=text
    )
    return Analysis.objects.select_related("conversation").get(pk=conversation.pk)


analyze_soon = database_sync_to_async(analyze)


async def is_through(analysis: Analysis) -> None:
    async def through() -> bool:
        return not (await database_sync_to_async(reading.progress)(analysis)).left

    await until(through, "the labels")


@database_sync_to_async
def rows(analysis: Analysis) -> list[Row]:
    return list(analysis.rows.order_by("number"))


@pytest.mark.django_db(transaction=True)
async def test_every_line_gets_its_label_and_its_probability(alice: User, fake: Fake, worker: Worker) -> None:
    analysis = await analyze_soon(alice, "A positive day", "A negative one", "It is neutral")
    await is_through(analysis)
    found = await rows(analysis)
    assert [row.label for row in found] == ["positive", "negative", "neutral"]
    assert [row.confidence for row in found] == pytest.approx([0.8] * 3)
    assert found[0].probabilities == pytest.approx({"positive": 0.8, "neutral": 0.1, "negative": 0.1})


@pytest.mark.django_db(transaction=True)
async def test_many_lines_are_labelled_and_never_many_at_once(alice: User, fake: Fake, worker: Worker) -> None:
    analysis = await analyze_soon(alice, *[f"A positive line {n}" for n in range(60)])
    await is_through(analysis)
    assert {row.label for row in await rows(analysis)} == {"positive"}
    assert fake.stats.requests == 60
    assert fake.stats.peak_running <= labelling.IN_FLIGHT
    assert fake.stats.last_request["priority"] == 10


@pytest.mark.django_db
def test_few_queries_ask_for_many_labels(alice: User, django_assert_max_num_queries) -> None:
    text = "\n".join(f"Line {n}" for n in range(1000))
    with django_assert_max_num_queries(25):
        analyze(alice, table=tables.lines(text))
    assert Generation.objects.count() == labelling.IN_FLIGHT


@pytest.mark.django_db(transaction=True)
async def test_one_that_failed_has_its_reason_and_is_tried_again(alice: User, fake: Fake, worker: Worker) -> None:
    fake.failures = Failures(status=400, message="no", times=1)
    analysis = await analyze_soon(alice, "A positive day")
    await is_through(analysis)
    assert (await rows(analysis))[0].failure == "bad_request"
    await database_sync_to_async(services.go_on)(analysis=analysis)

    async def labelled() -> bool:
        return (await rows(analysis))[0].label == "positive"

    await until(labelled, "the second attempt")


@pytest.mark.django_db(transaction=True)
async def test_it_stops_and_goes_on_where_it_was(alice: User, fake: Fake, worker: Worker) -> None:
    fake.script = Script(wait_s=30)
    analysis = await analyze_soon(alice, *[f"positive {n}" for n in range(30)])

    async def asked() -> bool:
        return fake.stats.running >= 10

    await until(asked, "the first rows")
    await database_sync_to_async(services.stop)(analysis=analysis)

    async def stopped() -> bool:
        return not (await database_sync_to_async(reading.progress)(analysis)).running

    await until(stopped, "the stop")
    assert {row.label for row in await rows(analysis)} == {""}
    fake.script = Script()
    await database_sync_to_async(services.go_on)(analysis=analysis)
    await is_through(analysis)
    assert {row.label for row in await rows(analysis)} == {"positive"}


@pytest.mark.django_db(transaction=True)
async def test_a_label_that_broke_off_is_asked_for_anew(alice: User, fake: Fake, redis: Redis) -> None:
    fake.script = Script(ending="break")
    analysis = await analyze_soon(alice, "A positive day")

    async def asked() -> bool:
        return fake.stats.requests > 0

    async with working(fake.url, redis):
        await until(asked, "the first attempt")
        fake.script = Script()
        await is_through(analysis)
    (row,) = await rows(analysis)
    generation = await database_sync_to_async(Generation.objects.get)(pk=row.generation_id)
    assert (row.label, generation.text) == ("positive", "positive")
    assert len(generation.logprobs) == 1


def test_a_server_that_does_not_hold_itself_to_the_labels_is_understood_or_not() -> None:
    ended = Generation(status=Status.DONE, text="Well, who knows?", logprobs=None)
    assert labelling.outcome_of(ended) == {"failure": "no_label"}
    ended.text = "Positive."
    assert labelling.outcome_of(ended) == {"label": "positive"}


@pytest.mark.django_db(transaction=True)
async def test_the_real_engine_labels_with_its_own_probabilities(alice: User, engine: Engine, redis: Redis) -> None:
    analysis = await analyze_soon(alice, "I love it, thank you!", "太差了，再也不买了。")
    async with Client(engine.url, engine.api_key) as client:
        task = asyncio.create_task(Worker(client, redis).run())
        await is_through(analysis)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for row in await rows(analysis):
        assert row.label in row.probabilities
        assert sum(row.probabilities.values()) == pytest.approx(1)
        assert row.confidence == max(row.probabilities.values())


def label(analysis: Analysis, number: int, value: str, confidence: float = 0.9) -> None:
    analysis.rows.filter(number=number).update(label=value, confidence=confidence, probabilities={value: confidence})


def save(browser_of: User, analysis: Analysis, number: int, what: str, **fields: object) -> int:
    path = f"{analysis.conversation.get_absolute_url()}rows/{number}/{what}/"
    return client_of(browser_of).post(path, fields).status_code


@pytest.mark.django_db
def test_a_label_is_corrected_and_the_correction_kept_for_training(alice: User) -> None:
    analysis = analyze(alice, "Good", "Bad")
    label(analysis, 2, "positive")
    assert save(alice, analysis, 2, "label", label="negative") == 302
    assert reading.progress(analysis).counts["negative"] == 1
    feedback = Feedback.objects.get()
    assert (feedback.author, feedback.correction) == (alice, "negative")
    assert (feedback.message.text, feedback.message.parent.text) == ("positive", "Bad")
    assert save(alice, analysis, 2, "label", label="positive") == 302
    assert Feedback.objects.get().correction == ""
    assert reading.progress(analysis).counts == {"positive": 1, "neutral": 0, "negative": 0}


@pytest.mark.django_db
def test_a_thumb_is_kept_and_only_shown_to_who_gave_it(alice: User, bob: User) -> None:
    analysis = analyze(alice, "Good")
    Conversation.objects.update(shared=True)
    label(analysis, 1, "positive")
    assert save(bob, analysis, 1, "thumb", thumb=1) == 302
    assert [row.thumb for row in reading.rows_of(analysis, reading.Wish(), bob)] == [1]
    assert [row.thumb for row in reading.rows_of(analysis, reading.Wish(), alice)] == [0]


@pytest.mark.django_db
def test_rows_are_found_by_label_and_text_and_sorted_by_confidence(alice: User) -> None:
    analysis = analyze(alice, "Good food", "Bad food", "Fine wine")
    for number, value, confidence in ((1, "positive", 0.9), (2, "negative", 0.6), (3, "positive", 0.7)):
        label(analysis, number, value, confidence)

    def found(**wish: str) -> list[int]:
        return [row.number for row in reading.rows_of(analysis, reading.Wish.of(wish), alice)]

    assert found(label="positive") == [1, 3]
    assert found(q="FOOD") == [1, 2]
    assert found(order="confidence") == [2, 3, 1]
    assert found(order="; drop table", label="nonsense", page="x") == [1, 2, 3]


@pytest.mark.django_db
def test_a_page_of_a_thousand_rows_is_small_and_takes_few_queries(alice: User, django_assert_max_num_queries) -> None:
    analysis = analyze(alice, *[f"Line {n}" for n in range(1000)])
    analysis.rows.update(label="neutral", confidence=0.5)
    client = client_of(alice)
    with django_assert_max_num_queries(20):
        page = client.get(analysis.conversation.get_absolute_url()).content
    assert page.count(b'<tr id="row-') == reading.A_PAGE
    assert b"page=20" in page
    assert len(page) < 160_000


@pytest.mark.django_db
def test_a_table_asks_for_its_column_and_goes_out_with_labels(alice: User) -> None:
    client = client_of(alice)
    text = "id,review\n1,A fine thing it is\n2,\n3,=SUM(A1) is bad\n"
    where = client.post("/analyze/", {"passage": text, "name": "reviews.csv"}).url
    assert Generation.objects.count() == 0
    assert '<option value="1" selected>review</option>' in client.get(where).content.decode()
    assert client.post(f"{where}column/", {"column": "1"}).status_code == 302
    analysis = Analysis.objects.get()
    assert Generation.objects.count() == 2
    assert reading.progress(analysis).blank == 1
    label(analysis, 1, "positive", 0.75)
    answer = client.get(f"{where}table.csv")
    assert 'filename="reviews.csv"' in answer["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert lines[0][:4] == ["id", "review", "Label", "Confidence"]
    assert lines[1][:5] == ["1", "A fine thing it is", "positive", "0.7500", "0.7500"]
    assert lines[3][1] == "'=SUM(A1) is bad"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"passage": " "}, "Paste a text, or choose a file."),
        ({"passage": "x\n" * 5001}, "There are 5001 lines; at most 5000 are analyzed at once."),
        ({"passage": "x" * 20_001, "mode": "one"}, "as one text at most 20000 are judged"),
    ],
)
def test_bad_input_gets_a_sentence_and_what_was_typed_is_kept(alice: User, fields: dict, sentence: str) -> None:
    answer = client_of(alice).post("/analyze/", fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert fields["passage"].strip() in answer.content.decode()


@pytest.mark.django_db
def test_nothing_stays_of_a_purged_analysis(alice: User, django_capture_on_commit_callbacks) -> None:
    analysis = analyze(alice, "Good", "Bad")
    label(analysis, 1, "positive")
    save(alice, analysis, 1, "thumb", thumb=1)
    keeping.delete(conversation=analysis.conversation)
    with django_capture_on_commit_callbacks(execute=True):
        assert keeping.purge(conversation=analysis.conversation)
    assert not Generation.objects.exists()
    assert not Row.objects.exists()


@pytest.mark.django_db(transaction=True)
async def test_who_looks_on_hears_how_far_it_is(alice: User, bob: User, look: Look, fake: Fake, worker: Worker) -> None:
    fake.script = Script(wait_s=0.3)
    analysis = await analyze_soon(alice, *[f"positive {n}" for n in range(40)])
    conversation = await database_sync_to_async(Conversation.objects.get)(pk=analysis.pk)
    tab = await look(alice, f"/ws/analyze/{conversation.pk}/")
    last = await tab.hears(lambda said: said["done"] == 40)
    assert last["counts"]["positive"] == 40
    assert last["running"] is False
    assert len(tab.heard) < 20
