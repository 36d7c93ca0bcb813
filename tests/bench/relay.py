"""python -m tests.bench.relay: what a reply costs from the engine to the browser, beside a bare relay.

Both relays stand before one fake engine that writes 50 tokens a second, and N sockets ask at the same moment for 256
tokens each. Then the product alone: new conversations one after another, many within a second, and idle sockets. The
last line is one JSON object. tests/bench/README.md says what is counted, and what was tried.
"""

import argparse
import asyncio
import json
import re
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import aiohttp

from inference.fake.reply import Reply
from inference.fake.script import Script
from tests.bench.cpu import pss_mb, rss_kb
from tests.bench.house import Bare, House, house
from tests.bench.sockets import OPEN, Answer, BareSocket, ChatSocket

TOKENS, TOKENS_PER_S = 256, 50.0
TOKEN = "c" * 32  # against requests of other sites: any, as long as cookie and form agree
SETTLE_S = 1.0  # after the last token: what a relay still does then is its own work too
Asker = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True)
class Figures:
    """Of one run with N replies at once."""

    lost: int  # tokens
    failed: int  # replies that did not end well
    cpu_s_per_10k: float
    ttft_p50_ms: float
    ttft_p99_ms: float
    gap_p99_ms: float
    bytes_per_token: float
    rss_mb: float
    shares: dict[str, float]  # of cpu_s_per_10k, by part


MEDIANS = [name for name in Figures.__annotations__ if name not in ("lost", "failed", "shares")]


def expected(question: str) -> str:
    return "".join(Reply({"model": "", "messages": [{"role": "user", "content": question}]}, script(), 0).tokens)


def script(**more) -> Script:
    return Script(tokens=TOKENS, tokens_per_s=TOKENS_PER_S, **more)


def lost_tokens(text: str, whole: str) -> int:
    """Words of `whole` that `text` has not at their place, and words too many."""
    got, want = text.split(), whole.split()
    return sum(a != b for a, b in zip(got, want, strict=False)) + abs(len(got) - len(want))


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("inf")


async def measure(server: House | Bare, askers: list[Asker]) -> Figures:
    """All ask at once."""
    questions = [f"{uuid.uuid4()}" for _ in askers]
    before, parts = server.cpu_s(), server.shares()
    answers = await asyncio.gather(*(ask(question) for ask, question in zip(askers, questions, strict=True)))
    memory = pss_mb(server.processes())
    await asyncio.sleep(SETTLE_S)
    used, after = server.cpu_s() - before, server.shares()
    tokens = TOKENS * len(askers)
    ttfts = [answer.ttft_ms for answer in answers]
    return Figures(
        lost=sum(lost_tokens(a.text, expected(q)) for a, q in zip(answers, questions, strict=True)),
        failed=sum(answer.status != "done" for answer in answers),
        cpu_s_per_10k=used * 10_000 / tokens,
        ttft_p50_ms=percentile(ttfts, 0.5),
        ttft_p99_ms=percentile(ttfts, 0.99),
        gap_p99_ms=percentile([gap for answer in answers for gap in answer.gaps_ms()], 0.99),
        bytes_per_token=sum(answer.bytes for answer in answers) / tokens,
        rss_mb=memory,
        shares={name: (after[name] - parts[name]) * 10_000 / tokens for name in after},
    )


async def run_product(home: House, browser: aiohttp.ClientSession, n: int) -> Figures:
    seats = home.seats[:n]
    conversations = await asyncio.to_thread(home.conversations, seats)
    sockets = [
        await ChatSocket.open(browser, home.url, conversation, seat.session)
        for conversation, seat in zip(conversations, seats, strict=True)
    ]
    for socket in sockets:
        await socket.hears("revision")
    await asyncio.sleep(SETTLE_S)
    figures = await measure(home, [socket.ask for socket in sockets])
    await asyncio.gather(*(socket.ws.close() for socket in sockets))
    return figures


async def run_bare(bare: Bare, browser: aiohttp.ClientSession, n: int) -> Figures:
    sockets = [BareSocket(await browser.ws_connect(f"{bare.url}/", compress=15), TOKENS) for _ in range(n)]
    await asyncio.sleep(SETTLE_S)
    figures = await measure(bare, [socket.ask for socket in sockets])
    await asyncio.gather(*(socket.ws.close() for socket in sockets))
    return figures


@dataclass(frozen=True)
class Turns:
    """Conversations that one person begins after another, each with a one-token reply."""

    home: House
    browser: aiohttp.ClientSession

    def headers(self, number: int) -> dict[str, str]:
        session = self.home.seats[number % len(self.home.seats)].session
        return {"Cookie": f"colloquy_session={session}; colloquy_csrf={TOKEN}", "Origin": self.home.url}

    async def open(self, number: int) -> ChatSocket:
        """The empty chat: its page, and the page's socket. Raises ConnectionError."""
        async with self.browser.get(f"{self.home.url}/chat/", headers=self.headers(number)) as response:
            found = re.search(r'ws-connect="/ws/chat/([^"]+)/\?', await response.text())
        if not found:
            raise ConnectionError(f"{response.status}")
        session = self.home.seats[number % len(self.home.seats)].session
        socket = await ChatSocket.open(self.browser, self.home.url, found[1], session)
        await socket.hears("revision")
        return socket

    async def by_page(self, number: int, text: str) -> Answer:
        """As a browser does it all: the empty chat is loaded, and the message said on its socket."""
        try:
            socket = await self.open(number)
            answer = await socket.ask(text)
            await socket.ws.close()
        except (aiohttp.ClientError, OSError) as error:
            return Answer(time.perf_counter(), status=type(error).__name__)
        return answer

    async def by_form(self, number: int, text: str) -> Answer:
        """As a browser without script or socket: the form, the page that it leads to, and its socket."""
        answer = Answer(time.perf_counter())
        form, headers = {"text": text, "csrfmiddlewaretoken": TOKEN}, self.headers(number)
        async with self.browser.post(f"{self.home.url}/chat/", data=form, headers=headers) as response:
            page, address = await response.text(), response.url.path
        revision = re.findall(r'data-revision="(\d+)"', page)[0]
        session = self.home.seats[number % len(self.home.seats)].session
        conversation = address.strip("/").rpartition("/")[2]
        socket = await ChatSocket.open(self.browser, self.home.url, conversation, session, revision)
        socket.show(page)
        answer.note(socket.text(socket.last))
        answer.status = socket.status(socket.last)
        await socket.read(answer)
        await socket.ws.close()
        return answer


async def count_turns(home: House, name: str, asks: Sequence[Callable[[], Awaitable[Answer]]]) -> tuple[float, float]:
    """CPU-ms of each of those turns, one after another, and the 99th percentile of the time to its token."""
    await asyncio.sleep(SETTLE_S)
    began, before, shares = time.monotonic(), home.cpu_s(), home.shares()
    answers = [await ask() for ask in asks]
    used, lasted = home.cpu_s() - before, time.monotonic() - began
    assert all(answer.status == "done" for answer in answers), {answer.status for answer in answers}
    parts = " · ".join(
        f"{part} {1000 * (home.shares()[part] - share) / len(asks):.1f}" for part, share in shares.items()
    )
    print(
        f"{len(asks)} turns {name}, in {lasted:.1f} s: {1000 * used / len(asks):.1f} CPU-ms each: {parts}", flush=True
    )
    return 1000 * used / len(asks), percentile([answer.ttft_ms for answer in answers], 0.99)


async def run_turns(home: House, browser: aiohttp.ClientSession, count: int) -> dict[str, float]:
    """What a conversation with a one-token reply costs, from Enter on the empty chat to the reply's end; with the empty
    chat's page and socket; and by the plain form."""
    home.engine.script(tokens=1, tokens_per_s=TOKENS_PER_S)
    turns = Turns(home, browser)
    for number in range(5):
        await turns.by_form(number, f"Warm {number}")
        await turns.by_page(number, f"Warm too {number}")
    sockets = [await turns.open(number) for number in range(count)]
    begun = [partial(socket.ask, f"Turn {number}") for number, socket in enumerate(sockets)]
    cpu_ms, ttft_p99_ms = await count_turns(home, "begun on the empty chat", begun)
    await asyncio.gather(*(socket.ws.close() for socket in sockets))
    whole = [partial(turns.by_page, number, f"Page {number}") for number in range(count)]
    with_page, _ = await count_turns(home, "with the empty chat's page and socket", whole)
    forms = [partial(turns.by_form, number, f"Form {number}") for number in range(count)]
    by_form, _ = await count_turns(home, "by the plain form, its page and socket", forms)
    return {
        "turn_cpu_ms": cpu_ms,
        "turn_ttft_p99_ms": ttft_p99_ms,
        "turn_with_page_cpu_ms": with_page,
        "turn_by_form_cpu_ms": by_form,
    }


async def run_open_turns(home: House, browser: aiohttp.ClientSession) -> float:
    """CPU-ms of a one-token reply to the first message of a conversation whose page is open already."""
    found = await asyncio.to_thread(home.conversations, home.seats)
    sockets = []
    for conversation, seat in zip(found, home.seats, strict=True):
        socket = await ChatSocket.open(browser, home.url, conversation, seat.session)
        await socket.hears("revision")
        sockets.append(socket)
    await asyncio.sleep(SETTLE_S)
    before = home.cpu_s()
    for socket in sockets:
        assert (await socket.ask("Now")).status == "done"
    used = home.cpu_s() - before
    await asyncio.gather(*(socket.ws.close() for socket in sockets))
    print(f"{len(sockets)} turns on open pages: {used / len(sockets) * 1000:.1f} CPU-ms each", flush=True)
    return used / len(sockets) * 1000


async def run_burst(home: House, browser: aiohttp.ClientSession, count: int) -> int:
    """How many of so many new conversations, begun within one second, are answered in the end."""
    home.engine.script(**struct_fields(script(), tokens=16))

    async def begin(number: int) -> Answer:
        await asyncio.sleep(number / count)
        return await Turns(home, browser).by_page(number, f"Burst {number}")

    answers = await asyncio.gather(*(begin(number) for number in range(count)))
    statuses = {answer.status for answer in answers}
    slowest = percentile([answer.ttft_ms for answer in answers], 0.99)
    print(f"{count} conversations begun within a second: {statuses}, first token p99 {slowest:.0f} ms")
    return sum(answer.status == "done" for answer in answers)


def struct_fields(value: Script, **more) -> dict:
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    return {**fields, **more}


async def run_idle(home: House, browser: aiohttp.ClientSession, count: int) -> float:
    """Resident KB of the web server for each of so many sockets with nothing to say."""
    seats = [home.seats[number % len(home.seats)] for number in range(count)]
    pages = await asyncio.to_thread(home.conversations, home.seats)
    web = home.product.part("web")
    assert web
    before = rss_kb(web)
    sockets = []
    for number, seat in enumerate(seats):
        socket = await ChatSocket.open(browser, home.url, pages[number % len(pages)], seat.session)
        await socket.hears("revision")
        sockets.append(socket)
    await asyncio.sleep(SETTLE_S)
    used = rss_kb(web) - before
    await asyncio.gather(*(socket.ws.close() for socket in sockets))
    return used / count


def unsaved(home: House) -> int:
    """Rows that never ended, or ended without their text."""
    [(count,)] = home.rows(
        f"SELECT count(*) FROM generation_generation WHERE status IN {OPEN} OR (status = 'done' AND text = '')"
    )
    return int(count)


def median(runs: list[Figures]) -> Figures:
    """Of each figure; of what was lost and what failed, the sum."""
    values = {name: statistics.median(getattr(run, name) for run in runs) for name in MEDIANS}
    shares = {part: statistics.median(run.shares[part] for run in runs) for part in runs[0].shares}
    return Figures(lost=sum(r.lost for r in runs), failed=sum(r.failed for r in runs), shares=shares, **values)


async def bench(home: House, bare: Bare, args: argparse.Namespace) -> dict:
    home.engine.script(**struct_fields(script()))
    result: dict = {"relay": {}}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as browser:
        await run_product(home, browser, min(16, len(home.seats)))  # what a process does once is done
        print(HEAD)
        for n in args.n:
            ours, theirs = [], []
            for _ in range(args.repeat):
                ours.append(await run_product(home, browser, n))
                theirs.append(await run_bare(bare, browser, n))
            result["relay"][str(n)] = row(n, median(ours), median(theirs))
        if args.turns:
            result |= await run_turns(home, browser, args.turns)
            result["turn_on_open_page_cpu_ms"] = await run_open_turns(home, browser)
        if args.burst:
            result["burst_answered"] = await run_burst(home, browser, args.burst)
        if args.idle:
            result["idle_kb_per_socket"] = await run_idle(home, browser, args.idle)
    result["unsaved"] = await asyncio.to_thread(unsaved, home)
    return rounded(result)


COLUMNS = ("lost", "failed", "CPU-s/10k", "first p50", "p99 ms", "gap p99", "B/token", "MB")
HEAD = f"{'':>12}" + "".join(f"{column:>11}" for column in COLUMNS)


def row(n: int, ours: Figures, theirs: Figures) -> dict:
    """Prints both; returns ours for the JSON."""
    for name, f in (("Colloquy", ours), ("bare", theirs)):
        counts = f"{f.lost:>11}{f.failed:>11}{f.cpu_s_per_10k:>11.2f}{f.ttft_p50_ms:>11.0f}{f.ttft_p99_ms:>11.0f}"
        print(f"{n:>3} {name:<8}{counts}{f.gap_p99_ms:>11.0f}{f.bytes_per_token:>11.1f}{f.rss_mb:>11.0f}", flush=True)
    ratio = ours.cpu_s_per_10k / theirs.cpu_s_per_10k
    parts = " · ".join(f"{name} {used:.2f}" for name, used in ours.shares.items())
    print(f"    {ratio:.2f} × the bare relay: {parts}", flush=True)
    return {**asdict(ours), "cpu_ratio": ratio, "bare_cpu_s_per_10k": theirs.cpu_s_per_10k}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.relay", description=__doc__)
    parser.add_argument(
        "--n", type=int, nargs="*", default=[1, 16, 64, 256], help="replies at once (default: all four)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--burst", type=int, default=256)
    parser.add_argument("--idle", type=int, default=1000)
    args = parser.parse_args()
    with house(max([64, *args.n])) as home:
        bare = Bare(home.engine.url)
        try:
            print(json.dumps(asyncio.run(bench(home, bare, args))))
        finally:
            bare.close()


if __name__ == "__main__":
    main()
