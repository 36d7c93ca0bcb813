"""A reply that was cut off or stopped goes on where it ended, and reads as one."""

import pytest
from channels.db import database_sync_to_async
from django.conf import settings

from inference.fake import Fake, Script
from inference.messages import Message, Role, SamplingParams
from tests.webapp.workers import until
from webapp.generation import live, services
from webapp.generation.models import Generation, Status
from webapp.generation.worker import Worker
from webapp.lib.groups import ear

pytestmark = pytest.mark.django_db(transaction=True)
STORY = "Once upon a time there was a fox. It jumped, and jumped, and was gone."


@database_sync_to_async
def ask(**params: int) -> Generation:
    messages = [Message(Role.USER, "Tell me")]
    return services.request_generation(
        channel="test", model=settings.SERVED_MODEL, messages=messages, params=SamplingParams(**params)
    )


async def ended(generation: Generation) -> Generation:
    async def has_ended() -> bool:
        await database_sync_to_async(generation.refresh_from_db)()
        return not generation.active

    await until(has_ended, "the end of the reply")
    return generation


async def go_on(generation: Generation) -> Generation:
    assert await database_sync_to_async(services.continue_generation)(generation)
    return await ended(generation)


async def test_a_reply_at_its_limit_goes_on_until_it_is_whole(fake: Fake, worker: Worker) -> None:
    fake.script = Script(text=STORY)
    reply = await ended(await ask(max_tokens=8))
    assert (reply.status, reply.finish_reason) == (Status.DONE, "length")
    first, tokens, asked_ms = reply.text, reply.completion_tokens, reply.first_token_ms
    assert STORY.startswith(first)
    reply = await go_on(reply)
    assert reply.text.startswith(first.rstrip())
    assert len(reply.text) > len(first)
    for _ in range(10):
        if reply.finish_reason != "length":
            break
        reply = await go_on(reply)
    assert (reply.text, reply.finish_reason) == (STORY, "stop")
    assert (reply.completion_tokens or 0) > (tokens or 0) > 0
    assert reply.first_token_ms == asked_ms


async def test_a_stopped_reply_has_no_doubled_seam(fake: Fake, worker: Worker) -> None:
    fake.script = Script(text=STORY, tokens_per_s=40)
    reply = await ask()

    await until(lambda: _has_words(reply), "some words")
    await database_sync_to_async(services.stop_generation)(reply)
    reply = await ended(reply)
    assert reply.status == Status.STOPPED
    assert 0 < len(reply.text) < len(STORY)
    fake.script = Script(text=STORY)
    reply = await go_on(reply)
    assert (reply.status, reply.text, reply.stop_requested) == (Status.DONE, STORY, False)


async def _has_words(reply: Generation) -> bool:
    return len((await live.read(ear().redis, reply.pk)).split()) > 2


async def test_what_was_stopped_again_in_the_queue_keeps_its_text() -> None:
    reply = await ask()
    await database_sync_to_async(services.end)(reply, where={}, status=Status.STOPPED, text="Once upon")
    assert await database_sync_to_async(services.continue_generation)(reply)
    await database_sync_to_async(services.stop_generation)(reply)
    await database_sync_to_async(reply.refresh_from_db)()
    assert (reply.status, reply.text) == (Status.STOPPED, "Once upon")
