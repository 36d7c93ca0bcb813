"""python -m tests.bench.chaos: kills what writes, carries and shows replies, at random moments, under a load of 16.

Sixteen browsers ask one question after another, half of them each on an empty chat, which begins a conversation, and
come back when their socket breaks, as the page does. Meanwhile the
generation worker, the engine or the web server is killed with SIGKILL, Redis is emptied, or sockets are dropped. At the
end every question must have one reply, which holds all that anybody ever saw of it as its beginning. Most kills are
made against the fake engine, whose replies are known to the word; the last ones against the real vLLM.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp
import redis

from tests.bench.house import House, house, real_house
from tests.bench.relay import TOKENS, TOKENS_PER_S, expected, script, struct_fields
from tests.bench.sockets import OPEN, ChatSocket

BROWSERS = 16
GRACE_S = 180.0  # within which all must have ended after the last kill
COME_BACK_S = 0.3
BETWEEN_S = (0.2, 2.5)  # two kills


def letters(text: str) -> str:
    """What of a reply no Markdown changes: its marks and numbers are not shown as they were written."""
    return "".join(filter(str.isalpha, text))


@dataclass
class Exchange:
    """One question of one browser, and the longest text of its reply that was seen; `oddities`: what was shown that did
    not begin as what was shown before."""

    question: str
    client_id: str
    status: str = ""
    seen: str = ""
    oddities: int = 0

    def see(self, text: str) -> None:
        """A page drawn anew may lag behind for a moment."""
        if letters(text).startswith(letters(self.seen)):
            self.seen = text
        elif not letters(self.seen).startswith(letters(text)):
            self.oddities += 1


@dataclass
class Browser:
    """Somebody in front of one conversation, who asks until told to stop; or with `team` in front of an empty chat of
    that team, and after the reply of another."""

    home: House
    http: aiohttp.ClientSession
    session: str
    conversation: str
    team: int | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    socket: ChatSocket | None = None
    answered: int = 0  # the id of the last reply that ended

    async def ask_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            exchange = Exchange(f"Tell me a long story about {uuid.uuid4()}.", uuid.uuid4().hex)
            self.exchanges.append(exchange)
            if self.team is not None:
                await self._begin()
            while not exchange.status:
                try:
                    await self._go_on(exchange)
                except (aiohttp.ClientError, OSError, KeyError):
                    self.socket = None
                    await asyncio.sleep(COME_BACK_S)

    async def _begin(self) -> None:
        if self.socket:
            await self.socket.ws.close()
        self.socket, self.answered, self.conversation = None, 0, f"new/{self.team}/{uuid.uuid4()}"

    async def _go_on(self, exchange: Exchange) -> None:
        if self.socket is None:
            self.socket = await ChatSocket.open(self.http, self.home.url, self.conversation, self.session)
            await self.socket.hears("revision")
        socket = self.socket
        await socket.say(exchange.question, exchange.client_id)  # again, where it is not known whether it was heard
        await socket.hears("posted")
        while not (reply := min((pk for pk in socket.blocks if pk > self.answered), default=0)):
            await socket.hear()
        exchange.see(socket.text(reply))
        while not socket.status(reply):
            await socket.hear()
            exchange.see(socket.text(reply))
        exchange.status, self.answered = socket.status(reply), reply

    def drop(self) -> None:
        if self.socket and (transport := self.socket.ws.get_extra_info("socket")):
            transport.shutdown(2)


class Chaos:
    """What can be done to a house; each returns whether there was anything to do it to."""

    def __init__(self, home: House, browsers: list[Browser], chance: random.Random):
        self.home, self.browsers, self.chance = home, browsers, chance
        self.done: Counter[str] = Counter()
        self.deeds: dict[str, Callable[[], bool]] = {
            "worker killed": lambda: self.kill("generate"),
            "engine killed": self.kill_engine,
            "web killed": lambda: self.kill("web"),
            "Redis emptied": self.flush,
            "sockets dropped": self.drop,
        }

    async def run(self, kills: int) -> None:
        names = [name for name, _ in zip(cycle(self.deeds), range(kills), strict=False)]
        for name in self.chance.sample(names, kills):
            await asyncio.sleep(self.chance.uniform(*BETWEEN_S))
            while not await asyncio.to_thread(self.deeds[name]):  # it is on its way up from the last time
                await asyncio.sleep(COME_BACK_S)
            self.done[name] += 1
            print(f"{self.done.total():>3} {name}", flush=True)

    def kill(self, part: str) -> bool:
        process = self.home.product.part(part)
        if process:
            process.kill()
        return process is not None

    def kill_engine(self) -> bool:
        if self.home.scripted is None:
            return self.kill("engine")
        self.home.engine.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.home.engine.start("--tokens", str(TOKENS), "--tokens-per-s", str(TOKENS_PER_S))
        return True

    def flush(self) -> bool:
        with redis.Redis(unix_socket_path=str(self.home.product.directory / "run" / "redis.sock")) as store:
            store.flushall()
        return True

    def drop(self) -> bool:
        for browser in self.chance.sample(self.browsers, BROWSERS // 2):
            browser.drop()
        return True


async def torment(home: House, kills: int, chance: random.Random) -> tuple[list[Browser], Counter[str]]:
    """Browsers that ask, and so many kills; returns when all have their last reply, or GRACE_S after the last kill."""
    seats = home.seats[:BROWSERS]
    conversations = await asyncio.to_thread(home.conversations, seats)
    [(team,)] = home.rows("SELECT id FROM accounts_team")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        browsers = [Browser(home, http, s.session, c) for s, c in zip(seats, conversations, strict=True)]
        for browser in browsers[::2]:
            browser.team = team
        chaos, stop = Chaos(home, browsers, chance), asyncio.Event()
        asking = [asyncio.create_task(browser.ask_until(stop)) for browser in browsers]
        await chaos.run(kills)
        stop.set()
        _, late = await asyncio.wait(asking, timeout=GRACE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return browsers, chaos.done


def judge(home: House, browsers: list[Browser], *, known: bool) -> Counter[str]:
    """What was lost (no whole reply), doubled (a message or a reply twice, or words at a seam) and stuck. `known`:
    what each reply must be."""
    rows = home.rows(
        "SELECT q.client_id, g.status, g.text FROM chat_message q "
        "LEFT JOIN chat_message a ON a.parent_id = q.id AND a.role = 'assistant' "
        "LEFT JOIN generation_generation g ON g.id = a.generation_id WHERE q.role = 'user'"
    )
    found: Counter[str] = Counter(lost=0, doubled=0, stuck=0)
    for exchange in (exchange for browser in browsers for exchange in browser.exchanges):
        replies = [(status or "", text or "") for pk, status, text in rows if pk and pk.hex == exchange.client_id]
        whole = expected(exchange.question) if known else replies[0][1] if replies else ""
        if not known:
            whole, exchange.seen = letters(whole), letters(exchange.seen)
            replies = [(status, letters(text)) for status, text in replies]
        verdict = what_became_of(exchange, replies, whole)
        found[verdict] += 1
        if verdict != "well":
            print(f"{verdict}: {exchange}\n  stored {replies}", flush=True)
    return found


def what_became_of(exchange: Exchange, replies: list[tuple[str, str]], whole: str) -> str:
    """One word. `whole`: what the reply must be."""
    if len(replies) != 1:
        return "doubled" if replies else "lost"
    status, text = replies[0]
    if status in OPEN or not exchange.status:
        return "stuck"
    if not whole.startswith(text) or not whole.startswith(exchange.seen) or exchange.oddities:
        return "doubled"
    return "well" if status == exchange.status == "done" and text == whole == exchange.seen else "lost"


def phase(name: str, home: House, kills: int, chance: random.Random, *, known: bool) -> Counter[str]:
    browsers, done = asyncio.run(torment(home, kills, chance))
    found = judge(home, browsers, known=known)
    replies = sum(len(browser.exchanges) for browser in browsers)
    print(f"{name}: {replies} replies, {dict(done)}: {dict(found)}", flush=True)
    del found["well"]
    return found


@contextmanager
def scripted() -> Iterator[House]:
    with house(BROWSERS) as home:
        home.engine.script(**struct_fields(script()))
        yield home


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--real", type=int, default=10, help="so many of them against vLLM (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="what was drawn, to draw it again")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    chance, total = random.Random(args.seed), Counter[str](lost=0, doubled=0, stuck=0)
    if args.kills > args.real:
        with scripted() as home:
            total.update(phase("the fake engine", home, args.kills - args.real, chance, known=True))
    if args.real:
        with real_house(BROWSERS) as home:
            total.update(phase("vLLM", home, args.real, chance, known=False))
    print(json.dumps({"chaos": {"seed": args.seed, "kills": args.kills, **total}}))
    sys.exit(1 if any(total.values()) else 0)


if __name__ == "__main__":
    main()
