"""Replies of further servers: who is asked, what is told, and how it fails."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from redis.asyncio import Redis

from inference.client import Client
from inference.fake import Failures, Fake, Script
from inference.messages import Message, Priority, Role, SamplingParams
from tests.webapp.generation.conftest import CHANNEL, Listener, ended, fresh
from tests.webapp.workers import until, working
from webapp.accounts.models import Team
from webapp.generation import clients, endpoints, services, writer
from webapp.generation.models import Endpoint, Failure, Generation, Status
from webapp.generation.worker import Worker
from webapp.lib import sealing

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "the endpoint's key"


@pytest_asyncio.fixture
async def other() -> AsyncIterator[Fake]:
    """A further server, as strict as OpenAI's."""
    async with Fake(model="other-1", api_key=KEY, strict=True) as fake:
        yield fake


@pytest.fixture
def endpoint(team: Team, other: Fake) -> Endpoint:
    return make_endpoint(team, other.url)


def make_endpoint(team: Team, url: str, **fields) -> Endpoint:
    values = {"name": "Other", "sealed_key": sealing.seal(KEY), "served": ["other-1"], "listed": {"other-1": 8192}}
    return Endpoint.objects.create(team=team, url=url, **values | fields)


@database_sync_to_async
def ask_at(endpoint: Endpoint, text: str = "Hello there", model: str = "other-1", **params) -> Generation:
    return services.request_generation(
        channel=CHANNEL, model=model, messages=[Message(Role.USER, text)], params=SamplingParams(**params),
        cache_salt="team-1", priority=Priority.BATCH, endpoint=endpoint,
    )  # fmt: skip


async def test_a_reply_of_an_endpoint_comes_from_its_server_and_not_from_the_engine(
    endpoint: Endpoint, other: Fake, fake: Fake, worker: Worker
) -> None:
    reply = await ended(await ask_at(endpoint, temperature=0.3, repetition_penalty=1.1))
    assert (reply.status, reply.text, reply.server) == (Status.DONE, "You wrote: Hello there", "Other")
    assert (reply.completion_tokens, fake.stats.requests) == (4, 0)
    told = other.stats.last_request
    assert told.pop("session_id") is None  # nor anything else of the conversation and the team
    assert told.keys() == {"model", "messages", "stream", "stream_options", "temperature"}


async def test_an_endpoint_that_is_a_vllm_continues_exactly(team: Team, redis: Redis, fake: Fake) -> None:
    async with Fake(Script(text="One two three four five.", ending="break", after=2), model="other-1") as vllm:
        endpoint = await database_sync_to_async(make_endpoint)(team, vllm.url, is_vllm=True)
        async with working(fake.url, redis):
            reply = await ask_at(endpoint)
            await until(lambda: has_asked(vllm, 2), "the second request")
            vllm.script = Script(text="One two three four five.")
            assert (await ended(reply)).text == "One two three four five."
        assert vllm.stats.last_request["continue_final_message"] is True


async def has_asked(server: Fake, times: int) -> bool:
    return server.stats.requests >= times


async def test_another_endpoint_is_asked_for_the_rest_in_words(endpoint: Endpoint, other: Fake, worker: Worker) -> None:
    other.script = Script(text="One two", ending="break")
    reply = await ask_at(endpoint)
    await until(lambda: has_asked(other, 1), "the first request")
    other.script = Script(text="three four.")
    after = await ended(reply)
    assert (after.status, after.text) == (Status.DONE, "One two three four.")
    roles = [message["role"] for message in other.stats.last_request["messages"]]
    assert roles == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.ENDPOINT_REQUEST), (401, Failure.ENDPOINT_REFUSED), (403, Failure.ENDPOINT_REFUSED),
        (404, Failure.ENDPOINT_MODEL),
    ],
)  # fmt: skip
async def test_what_an_endpoint_refuses_fails_with_its_own_sentence(
    endpoint: Endpoint, other: Fake, worker: Worker, status: int, failure: Failure
) -> None:
    other.failures = Failures(status=status, times=9, message="No.")
    reply = await ended(await ask_at(endpoint))
    assert (reply.status, reply.failure) == (Status.FAILED, failure)
    assert "endpoint" in reply.get_failure_display()


async def test_a_busy_endpoint_is_waited_for_and_the_page_hears_it(
    endpoint: Endpoint, other: Fake, worker: Worker, listener: Listener
) -> None:
    other.failures = Failures(status=429, times=2)
    assert (await ended(await ask_at(endpoint))).status == Status.DONE
    await listener.hears("reply.ended")
    assert [event["waiting"] for event in listener.of("reply.waiting")] == ["endpoint", ""]


async def test_an_endpoint_that_stays_away_is_given_up_soon(
    team: Team, fake: Fake, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ENDPOINT_DEADLINE_S", 0.5)
    endpoint = await database_sync_to_async(make_endpoint)(team, "http://127.0.0.1:9")
    reply = await ended(await ask_at(endpoint))
    assert (reply.status, reply.failure) == (Status.FAILED, Failure.ENDPOINT_AWAY)


async def test_what_its_server_says_of_the_model_is_kept(team: Team, fake: Fake, redis: Redis) -> None:
    async with Fake(model="other-1", strict=True, build="b4321-7f3a") as other:
        endpoint = await database_sync_to_async(make_endpoint)(team, other.url, sealed_key="")
        async with working(fake.url, redis):
            reply = await ended(await ask_at(endpoint))
    assert (reply.model, reply.version) == ("other-1", "b4321-7f3a")


async def test_a_key_that_cannot_be_read_fails_with_a_sentence(endpoint: Endpoint, other: Fake, worker: Worker) -> None:
    await database_sync_to_async(Endpoint.objects.update)(sealed_key="not sealed by us")
    reply = await ended(await ask_at(endpoint))
    assert (reply.status, reply.failure) == (Status.FAILED, Failure.ENDPOINT_REFUSED)
    assert other.stats.requests == 0


async def test_a_reply_that_waits_for_an_endpoint_fails_when_that_is_removed(endpoint: Endpoint) -> None:
    reply = await ask_at(endpoint)
    await database_sync_to_async(endpoints.remove_endpoint)(endpoint=endpoint)
    after = await fresh(reply)
    assert (after.status, after.failure, after.endpoint_id) == (Status.FAILED, Failure.ENDPOINT_GONE, None)


async def test_a_reply_that_an_endpoint_writes_stops_when_that_is_removed(
    endpoint: Endpoint, other: Fake, worker: Worker
) -> None:
    other.script = Script(tokens=500, tokens_per_s=20)
    reply = await ask_at(endpoint)
    await until(lambda: has_asked(other, 1), "the request")
    await database_sync_to_async(endpoints.remove_endpoint)(endpoint=endpoint)
    assert (await ended(reply)).status == Status.STOPPED


async def test_the_engine_never_answers_for_an_endpoint_that_is_gone(
    endpoint: Endpoint, fake: Fake, worker: Worker
) -> None:
    reply = await database_sync_to_async(Generation.objects.create)(
        channel=CHANNEL, model="colloquy", prompt=[{"role": "user", "content": "Hi"}], server="Other"
    )
    after = await ended(reply)
    assert (after.status, after.failure) == (Status.FAILED, Failure.ENDPOINT_GONE)
    assert fake.stats.requests == 0


async def test_replies_of_one_endpoint_share_a_client_until_it_changes(
    endpoint: Endpoint, fake: Fake, other: Fake
) -> None:
    reply = await ask_at(endpoint)
    async with Client(fake.url) as engine:
        held = clients.Clients(engine)
        async with held.of(reply) as first:
            async with held.of(reply) as second:
                assert second is first
            await database_sync_to_async(Endpoint.objects.update)(url=f"{other.url}/v1")
            async with held.of(reply) as third:
                assert third is not first
            assert await first.models()  # still open for who began with it
        with pytest.raises(RuntimeError, match="closed"):
            await first.models()
        assert await third.models()
        held.held[endpoint.pk].idle_since -= clients.IDLE_S
        await held.close_idle()
        with pytest.raises(RuntimeError, match="closed"):
            await third.models()


async def test_a_reply_of_any_endpoint_can_be_continued_while_that_is_there(
    endpoint: Endpoint, other: Fake, worker: Worker
) -> None:
    other.script = Script(text="One two three four.")
    cut = await ended(await ask_at(endpoint, max_tokens=2))
    assert (cut.text, cut.finish_reason, cut.may_go_on) == ("One two", "length", True)
    other.script = Script(text="three four.")
    assert await database_sync_to_async(services.continue_generation)(cut)
    assert (await ended(cut)).text == "One two three four."
    await database_sync_to_async(endpoints.remove_endpoint)(endpoint=endpoint)
    assert not (await fresh(cut)).may_go_on
