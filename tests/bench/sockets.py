"""Browsers' sockets, many to a process: they say something and note when which words of the answer came."""

import asyncio
import html
import json
import re
import socket
import struct
import time
import uuid
from dataclasses import dataclass, field

import aiohttp

TAG = re.compile(r"<[^>]+>")
REPLY = re.compile(
    r'id="m(\d+)"[^>]*?data-role="assistant"\s+data-status="(\w+)".*?data-blocks>(.*?)<div class="message-end">',
    re.DOTALL,
)
OPEN = ("queued", "streaming")


def plain(markup: str) -> str:
    return html.unescape(TAG.sub("", markup)).strip()


@dataclass
class Answer:
    """What came on one socket of one reply; times by time.perf_counter."""

    sent_at: float
    text: str = ""
    at: list[float] = field(default_factory=list)  # when the text grew
    status: str = ""
    bytes: int = 0

    @property
    def ttft_ms(self) -> float:
        return (self.at[0] - self.sent_at) * 1000 if self.at else float("inf")

    def gaps_ms(self) -> list[float]:
        return [(b - a) * 1000 for a, b in zip(self.at, self.at[1:], strict=False)]

    def note(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self.at.append(time.perf_counter())


def received_bytes(ws: aiohttp.ClientWebSocketResponse) -> int:
    """Bytes that came on its connection: tcpi_bytes_received of tcp(7)'s TCP_INFO."""
    info = ws.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return int(struct.unpack_from("<Q", info, 128)[0])


class ChatSocket:
    """A chat page's socket, as static/js/live.js uses it, and the replies that the page shows."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse):
        self.ws = ws
        self.blocks: dict[int, list[str]] = {}
        self.statuses: dict[int, str] = {}

    @classmethod
    async def open(
        cls, browser: aiohttp.ClientSession, url: str, conversation: str, session: str, revision: str = "0"
    ) -> "ChatSocket":
        """`conversation` is its key, or of one that is still to begin what its page's address ends with."""
        headers = {"Origin": url, "Cookie": f"colloquy_session={session}"}
        ws = await browser.ws_connect(
            f"{url}/ws/chat/{conversation}/?language=en", headers=headers, compress=15, max_msg_size=0
        )
        await ws.send_str(json.dumps({"revision": revision}))
        return cls(ws)

    @property
    def last(self) -> int:
        """The id of the newest reply; 0 without any."""
        return max(self.blocks, default=0)

    def text(self, reply: int) -> str:
        return "\n\n".join(self.blocks.get(reply, ()))

    def status(self, reply: int) -> str:
        """Empty while it is being written."""
        return "" if self.statuses.get(reply, "queued") in OPEN else self.statuses[reply]

    async def hears(self, key: str) -> dict:
        """The next thing of that kind; what comes before it is shown on the page. Raises ConnectionError."""
        while key not in (said := await self.hear()):
            pass
        return said

    async def hear(self) -> dict:
        message = await self.ws.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(str(message.type))
        said = json.loads(message.data) if message.data.startswith("{") else {"html": message.data}
        self.show(said.get("html", ""))
        for op in said.get("ops", ()):
            self._apply(said["reply"], op)
        return said

    async def say(self, text: str, client_id: str) -> None:
        await self.ws.send_str(json.dumps({"text": text, "client_id": client_id}))

    async def ask(self, text: str, *, timeout_s: float = 90) -> Answer:
        """Says it and reads to the end of the reply."""
        before, earlier = received_bytes(self.ws), self.last
        answer = Answer(time.perf_counter())
        await self.say(text, uuid.uuid4().hex)
        await self.read(answer, earlier, timeout_s=timeout_s)
        if answer.status != "lost":
            answer.bytes = received_bytes(self.ws) - before
        return answer

    async def read(self, answer: Answer, earlier: int = 0, *, timeout_s: float = 90) -> None:
        """Reads the first reply after `earlier`. A socket that breaks or stays silent leaves it as lost."""
        try:
            async with asyncio.timeout(timeout_s):
                while not answer.status:
                    await self.hear()
                    if self.last > earlier:
                        answer.note(self.text(self.last))
                        answer.status = self.status(self.last)
        except (TimeoutError, ConnectionError):
            answer.status = "lost"

    def show(self, markup: str) -> None:
        """A page, or a piece of one."""
        for found, status, body in REPLY.findall(markup):
            blocks = [plain(block) for block in body.split('<div class="block">')[1:]]
            self.blocks[int(found)], self.statuses[int(found)] = blocks, status

    def _apply(self, reply: int, op: dict) -> None:
        blocks = self.blocks.setdefault(reply, [])
        match op["op"]:
            case "reset":
                blocks.clear()
            case "block":
                blocks += [""] * (op["block"] + 1 - len(blocks))
                blocks[op["block"]] = plain(op["html"])
            case "text":
                blocks[op["block"]] += op["text"]
            case "cut":
                del blocks[op["blocks"] :]
            case "end":
                self.statuses[reply] = op["status"]


class BareSocket:
    """The bare relay's: every frame is a token."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, tokens: int):
        self.ws, self.tokens = ws, tokens

    async def ask(self, text: str, *, timeout_s: float = 90) -> Answer:
        before = received_bytes(self.ws)
        answer = Answer(time.perf_counter())
        await self.ws.send_str(text)
        try:
            async with asyncio.timeout(timeout_s):
                while len(answer.at) < self.tokens:
                    answer.note(answer.text + await self.ws.receive_str())
        except (TimeoutError, TypeError):
            answer.status = "lost"
            return answer
        answer.status, answer.bytes = "done", received_bytes(self.ws) - before
        return answer
