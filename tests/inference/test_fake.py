"""The fake server as others use it: from another process, scripted over HTTP."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import aiohttp
import pytest

from inference.client import Client
from inference.errors import EngineBusy
from inference.fake import Fake, Script
from inference.messages import Message, Role, SamplingParams

pytestmark = pytest.mark.asyncio

HELLO = [Message(Role.USER, "good morning")]


@pytest.fixture
def other_process() -> Iterator[str]:
    """The url of a fake that runs in a process of its own."""
    command = [sys.executable, "-m", "inference.fake", "--port", "0", "--tokens", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()
        assert process.wait() == 0


async def test_it_runs_as_a_program_and_is_scripted_over_http(other_process: str) -> None:
    async with Client(other_process) as client, aiohttp.ClientSession(other_process) as control:
        assert len((await client.complete("colloquy", HELLO, SamplingParams())).text.split()) == 3
        await control.post("/fake/script", json={"text": "as told"})
        assert (await client.complete("colloquy", HELLO, SamplingParams())).text == "as told"
        await control.post("/fake/failures", json={"status": 503, "times": 1})
        with pytest.raises(EngineBusy):
            await client.complete("colloquy", HELLO, SamplingParams())
        stats = await (await control.get("/fake/stats")).json()
    assert (stats["requests"], stats["finished"], stats["refused"]) == (3, 2, 1)


async def test_a_script_that_means_nothing_is_refused(fake: Fake) -> None:
    async with aiohttp.ClientSession(fake.url, headers={"Authorization": "Bearer the fake's key"}) as control:
        response = await control.post("/fake/script", json={"tempo": 5})
        assert response.status == 400
        assert "tempo" in await response.text()


async def test_it_keeps_the_pace_it_was_told(fake: Fake, client: Client) -> None:
    fake.script = Script(tokens=20, tokens_per_s=50)
    started = time.monotonic()
    await client.complete("colloquy", HELLO, SamplingParams())
    assert time.monotonic() - started >= 19 / 50


async def test_the_same_question_has_the_same_words_and_is_continued_with_them(fake: Fake, client: Client) -> None:
    fake.script = Script(tokens=12)
    whole = await client.complete("colloquy", HELLO, SamplingParams())
    begun = [*HELLO, Message(Role.ASSISTANT, " ".join(whole.text.split()[:5]))]
    rest = await client.complete("colloquy", begun, SamplingParams(), continue_final=True)
    assert begun[-1].content + rest.text == whole.text


async def test_without_a_stream_it_answers_in_one_piece(fake: Fake) -> None:
    async with aiohttp.ClientSession(fake.url, headers={"Authorization": "Bearer the fake's key"}) as session:
        messages = [{"role": "user", "content": "hi"}]
        response = await session.post("/v1/chat/completions", json={"model": "colloquy", "messages": messages})
        reply = await response.json()
    assert reply["choices"][0]["message"]["content"] == "You wrote: hi"
    assert reply["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}


async def test_replies_do_not_wait_for_each_other(fake: Fake, client: Client) -> None:
    fake.script = Script(tokens=10, tokens_per_s=20)
    started = time.monotonic()
    await asyncio.gather(*(client.complete("colloquy", HELLO, SamplingParams()) for _ in range(50)))
    assert time.monotonic() - started < 50 * 9 / 20 / 5


async def test_what_a_message_ends_with_may_have_a_reply_of_its_own(fake: Fake, client: Client) -> None:
    fake.script = Script(replies={"morning": "Guten Morgen"}, text="something else")
    assert (await client.complete("colloquy", HELLO, SamplingParams())).text == "Guten Morgen"
    assert (await client.complete("colloquy", [Message(Role.USER, "bye")], SamplingParams())).text == "something else"
