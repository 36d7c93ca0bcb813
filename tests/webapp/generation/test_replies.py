"""A reply that is asked for is written, told and stored."""

import pytest
from redis.asyncio import Redis

from inference.fake import Failures, Fake, Script
from inference.messages import Message, Role
from tests.webapp.generation.conftest import Ask, Listener, ended
from tests.webapp.workers import working
from webapp.generation import live
from webapp.generation.models import Failure, Status
from webapp.generation.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_reply_is_written_and_stored_with_its_figures(ask: Ask, fake: Fake, worker: Worker) -> None:
    fake.script = Script(text="The quick brown fox jumps.", tokens_per_s=200)
    reply = await ended(await ask("Tell me"))
    assert (reply.status, reply.text, reply.finish_reason) == (Status.DONE, "The quick brown fox jumps.", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 5)  # a role counts for one
    assert reply.first_token_ms is not None
    assert reply.writing_ms is not None
    assert reply.finished_at is not None


async def test_a_reply_that_says_the_same_again_and_again_is_ended(ask: Ask, fake: Fake, worker: Worker) -> None:
    fake.script = Script(text="Well:" + " Buckle" * 90, tokens_per_s=10_000)
    reply = await ended(await ask("Three tips?"))
    assert (reply.status, reply.text, reply.finish_reason) == (Status.DONE, "Well:" + " Buckle" * 24, "repetition")
    assert not reply.may_go_on


async def test_what_is_told_adds_up_to_the_reply(ask: Ask, fake: Fake, worker: Worker, listener: Listener) -> None:
    fake.script = Script(text="你好，世界！ One two three.", tokens_per_s=50)
    reply = await ended(await ask())
    await listener.hears("reply.ended")
    told = ""
    for event in listener.of("reply.delta"):
        assert event["offset"] == len(told)
        told += event["text"]
    assert told == reply.text
    assert len(listener.of("reply.delta")) > 1


async def test_the_live_text_is_what_was_told(
    ask: Ask, fake: Fake, worker: Worker, listener: Listener, redis: Redis
) -> None:
    fake.script = Script(tokens=200, tokens_per_s=50)
    reply = await ask()
    await listener.hears("reply.delta", 3)
    text = await live.read(redis, reply.pk)
    told = "".join(event["text"] for event in listener.of("reply.delta"))
    assert text.startswith(told) or told.startswith(text)
    assert text


async def test_parameters_reach_the_engine(ask: Ask, fake: Fake, worker: Worker) -> None:
    await ended(await ask("Hi", temperature=0.3, top_p=0.9, max_tokens=7, seed=4))
    sent = fake.stats.last_request
    assert {name: sent[name] for name in ("temperature", "top_p", "max_tokens", "seed")} == {
        "temperature": 0.3, "top_p": 0.9, "max_tokens": 7, "seed": 4,
    }  # fmt: skip


async def test_many_replies_are_written_at_once_and_none_twice(ask: Ask, fake: Fake, worker: Worker) -> None:
    fake.script = Script(tokens=10, tokens_per_s=50)
    replies = [await ask(f"Question {number}") for number in range(20)]
    assert {(await ended(reply)).status for reply in replies} == {Status.DONE}
    assert fake.stats.requests == 20


@pytest.mark.parametrize(
    ("status", "failure"),
    [(400, Failure.BAD_REQUEST), (401, Failure.REFUSED), (404, Failure.UNKNOWN_MODEL)],
)
async def test_what_the_engine_refuses_for_good_fails_with_a_sentence(
    ask: Ask, fake: Fake, worker: Worker, status: int, failure: Failure
) -> None:
    fake.failures = Failures(status=status, times=9, message="No.")
    reply = await ended(await ask())
    assert (reply.status, reply.failure) == (Status.FAILED, failure)
    assert fake.stats.refused == 1


async def test_a_busy_engine_is_waited_for_and_the_page_hears_it(
    ask: Ask, fake: Fake, worker: Worker, listener: Listener
) -> None:
    fake.failures = Failures(status=503, times=2)
    reply = await ended(await ask("Patience"))
    assert (reply.status, reply.text) == (Status.DONE, "You wrote: Patience")
    await listener.hears("reply.ended")
    assert [event["waiting"] for event in listener.of("reply.waiting")] == ["busy", ""]


def turns(count: int, words: int) -> list[Message]:
    roles = [Role.USER, Role.ASSISTANT] * count
    return [Message(role, " ".join([f"turn{number}"] * words)) for number, role in enumerate(roles[: 2 * count])]


async def test_the_oldest_turns_are_left_out_of_what_does_not_fit(ask: Ask, redis: Redis) -> None:
    async with Fake(context=100) as small, working(small.url, redis):
        reply = await ended(await ask("Now", history=turns(4, words=19)))
        assert reply.status == Status.DONE
        assert reply.turns_left_out == 4
        assert small.stats.last_request["messages"][0]["content"].startswith("turn4")


async def test_a_message_that_never_fits_fails_with_a_sentence(ask: Ask, redis: Redis) -> None:
    async with Fake(context=10) as small, working(small.url, redis):
        reply = await ended(await ask("word " * 50, history=turns(2, words=2)))
        assert (reply.status, reply.failure) == (Status.FAILED, Failure.TOO_LONG)
