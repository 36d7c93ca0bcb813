"""Whatever is killed while a reply is written, it is finished, once, and nobody sees a word of it twice or never.

Each test does the thing to processes that really run: `manage.py up` with its PostgreSQL and Redis, and a fake engine
in a process of its own, whose replies are known to the word.
"""

import asyncio
import socket

import httpx
import pytest
import redis

from inference.fake.reply import Reply
from inference.fake.script import Script
from tests.bench.house import House
from tests.faults.conftest import Open, Page

QUESTION = "Tell me"
SCRIPT = Script(tokens=150, tokens_per_s=40)
STORY = "".join(Reply({"model": "", "messages": [{"role": "user", "content": QUESTION}]}, SCRIPT, 0).tokens)
LONG_WORDS = " ".join(f"{number:x}" * 3000 for number in range(16, 256))  # about 1.5 MB in 240 tokens


async def stored(home: House, page: Page) -> list[tuple[str, str]]:
    """(status, text) of each reply in that conversation, as the database has them."""
    query = (
        "SELECT g.status, g.text FROM generation_generation g JOIN chat_message m ON m.generation_id = g.id "
        f"WHERE m.conversation_id = '{page.conversation}' ORDER BY m.id"
    )
    return await asyncio.to_thread(home.rows, query)


async def writing(home: House, open_page: Open, words: int = 10) -> tuple[Page, str]:
    """A page on which a long reply is being written, and what it shows so far."""
    home.engine.script(tokens=SCRIPT.tokens, tokens_per_s=SCRIPT.tokens_per_s)
    page = await open_page()
    await page.ask(QUESTION)
    return page, await page.shows(words)


async def is_whole(home: House, page: Page, begun: str) -> None:
    assert STORY.startswith(begun)
    assert await page.end() == ("done", STORY)
    assert await stored(home, page) == [("done", STORY)]


async def test_the_generation_worker_is_killed(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    await asyncio.to_thread(home.product.kill, "generate")
    await is_whole(home, page, begun)
    sent = httpx.get(f"{home.engine.url}/fake/stats").json()["last_request"]
    assert sent["continue_final_message"] is True
    assert sent["messages"][-1]["content"].startswith(begun)


async def test_the_engine_is_killed(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    home.engine.kill()
    await page.socket.hears("reply")  # it says for what it waits
    home.engine.start("--tokens", str(SCRIPT.tokens), "--tokens-per-s", str(SCRIPT.tokens_per_s))
    await is_whole(home, page, begun)


async def test_the_web_server_is_killed(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    await asyncio.to_thread(home.product.kill, "web")
    await is_whole(home, page, begun)


async def test_redis_is_emptied(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    with redis.Redis(unix_socket_path=str(home.product.directory / "run" / "redis.sock")) as store:
        store.flushall()
    await is_whole(home, page, begun)


async def test_redis_is_killed(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    await asyncio.to_thread(home.product.kill, "redis")
    await is_whole(home, page, begun)


async def test_the_database_is_killed(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    await asyncio.to_thread(home.product.kill, "postgres")
    await is_whole(home, page, begun)


async def test_the_browsers_socket_drops_and_the_page_is_loaded_again(home: House, open_page: Open) -> None:
    page, begun = await writing(home, open_page)
    page.socket.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    headers = {"Cookie": f"colloquy_session={page.seat.session}"}
    async with page.http.get(f"{home.url}/chat/{page.conversation}/", headers=headers) as answer:
        assert 'data-status="streaming"' in await answer.text()
    await page.come_back()
    assert (await page.shows(len(begun.split()))).startswith(begun)
    await is_whole(home, page, begun)


async def test_two_viewers_in_two_web_processes_see_the_same(home: House, open_page: Open, second_web: str) -> None:
    page, begun = await writing(home, open_page)
    other = await open_page(page, person=1, url=second_web)
    assert (await other.shows(1)).startswith(begun)
    await asyncio.gather(is_whole(home, page, begun), is_whole(home, other, begun))


async def test_stop_is_pressed_by_the_other_viewer(home: House, open_page: Open, second_web: str) -> None:
    page, begun = await writing(home, open_page)
    other = await open_page(page, person=1, url=second_web)
    await other.stop()
    status, text = await page.end()
    assert (status, STORY.startswith(text), text.startswith(begun)) == ("stopped", True, True)
    assert text != STORY
    assert await other.end() == (status, text)
    assert await stored(home, page) == [(status, text)]


async def test_the_engine_is_down_when_a_message_is_sent(home: House, open_page: Open) -> None:
    home.engine.kill()
    page = await open_page()
    await page.ask("Are you there?")
    await page.until(lambda: page.socket.last > 0)
    home.engine.start()
    assert await page.end() == ("done", "You wrote: Are you there?")


@pytest.mark.parametrize(("status", "times", "end"), [(400, 9, "failed"), (429, 2, "done"), (500, 2, "done")])
async def test_the_engine_refuses(home: House, open_page: Open, status: int, times: int, end: str) -> None:
    home.engine.fail(status=status, times=times, message="No.")
    page = await open_page()
    await page.ask("Hello")
    assert await page.end() == (end, "You wrote: Hello" if end == "done" else "")


async def test_a_message_that_is_sent_again_after_the_web_server_died_is_answered_once(
    home: House, open_page: Open
) -> None:
    page = await open_page()
    await page.socket.say("Hello", "a" * 32)
    await asyncio.to_thread(home.product.kill, "web")
    await page.come_back()
    await page.ask("Hello", "a" * 32)
    assert await page.end() == ("done", "You wrote: Hello")
    assert await stored(home, page) == [("done", "You wrote: Hello")]


async def test_a_browser_that_stops_reading_is_brought_up_to_date_when_it_reads_again(
    home: House, open_page: Open
) -> None:
    home.engine.script(text=LONG_WORDS, tokens_per_s=60)
    page = await open_page()
    slow = await open_page(page, person=1, receives=4096)
    await page.ask(QUESTION)
    assert await page.end() == ("done", LONG_WORDS)
    assert await slow.end() == ("done", LONG_WORDS)
