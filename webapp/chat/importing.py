"""Reads files of conversations: our own JSON (webapp/chat/exporting.py) and ChatGPT's conversations.json, plain or in
the .zip in which it comes. One conversation is in memory at a time, and no more is unpacked than LARGEST_UNPACKED."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, cast

import ijson
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ijson.common import ObjectBuilder

from webapp.chat.exporting import FORMAT, VERSION
from webapp.chat.models import FileFailure, Refusal, Role, Task

LARGEST_FILE, LARGEST_UNPACKED, LARGEST_CONVERSATION = 200 * 2**20, 2**30, 64 * 2**20  # bytes
DEEPEST = 100  # arrays and objects in one another
STARTS, ENDS, LIST = ("start_map", "start_array"), ("end_map", "end_array"), "conversations"
LARGEST_DIRECTORY = 8 * 2**20  # bytes of a ZIP's list of files, which is read whole
MOST_MESSAGES, LONGEST_TEXT, LARGEST_DETAILS, LARGEST_ROOM = 20_000, 1_000_000, 1_000_000, 32_000_000
END_OF_ZIP = b"PK\x05\x06"  # APPNOTE.TXT, 4.3.16
OPTIONS: dict[str, type | tuple[type, ...]] = {
    "system": str, "temperature": (int, float), "top_p": (int, float), "max_tokens": int, "seed": int,
}  # fmt: skip


class BadFile(Exception):
    def __init__(self, failure: FileFailure) -> None:
        super().__init__(failure)
        self.failure = failure


class Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(slots=True)
class Turn:
    """One message; `parent` is the key of one before it."""

    key: str
    parent: str | None
    role: Role
    text: str
    created_at: datetime
    mine: bool
    details: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] | None = field(default_factory=dict)  # None: no model wrote it as a whole
    feedback: list[tuple[int, str]] = field(default_factory=list)  # the importing person's own


@dataclass(slots=True)
class Draft:
    """A conversation as it is to be stored."""

    origin: str
    title: str
    created_at: datetime
    updated_at: datetime
    turns: list[Turn]
    leaf: str
    task: Task = Task.CHAT
    title_is_ours: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    room: Any = None  # as tasks.Belongings.export tells it


class Counted(io.RawIOBase):
    """A stream that counts what was read of it. Raises BadFile where that is more than may be unpacked."""

    def __init__(self, source: IO[bytes], count: "Count") -> None:
        self.source, self.count = source, count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.source.read(len(buffer))
        buffer[: len(data)] = data
        self.count.read += len(data)
        if self.count.read > LARGEST_UNPACKED:
            raise BadFile(FileFailure.TOO_LARGE)
        return len(data)


@dataclass(slots=True)
class Count:
    read: int = 0  # bytes so far, unpacked
    size: int = 0  # of all; what an archive says of itself


def conversations_in(file: IO[bytes], count: Count) -> Iterator[dict[str, Any]]:
    """Every conversation as the file has it; `draft` makes sense of one. Raises BadFile, perhaps after some."""
    try:
        if file.read(2) == b"PK":
            yield from _in_archive(file, count)
        else:
            count.size = file.seek(0, io.SEEK_END)
            file.seek(0)
            yield from _in_json(file, count)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, struct.error) as error:
        raise BadFile(FileFailure.DAMAGED) from error


def _in_archive(file: IO[bytes], count: Count) -> Iterator[dict[str, Any]]:
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if _holds_conversations(name)]
        if not names:
            raise BadFile(FileFailure.NOTHING)
        count.size = sum(archive.getinfo(name).file_size for name in names)
        for name in sorted(names):
            with archive.open(name) as member:
                yield from _in_json(member, count)


def _holds_conversations(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith(("conversations", FORMAT)) and name.endswith(".json")


def _check_directory(file: IO[bytes]) -> None:
    """Python reads an archive's whole list of files at once; its size stands at the end."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 65_557))  # a comment of 65,535 bytes may follow
    tail = file.read()
    at = tail.rfind(END_OF_ZIP)
    if at < 0:
        raise BadFile(FileFailure.DAMAGED)
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if size > LARGEST_DIRECTORY:
        raise BadFile(FileFailure.TOO_LARGE)
    file.seek(0)


def _in_json(source: IO[bytes], count: Count) -> Iterator[dict[str, Any]]:
    """ChatGPT's file is an array of conversations; in ours they are the array "conversations" of an object."""
    stream = io.BufferedReader(Counted(source, count), 65_536)
    head = stream.peek(4096)[:4096]
    blanks = len(head) - len(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    stream.read(blanks)
    kind = head[blanks : blanks + 1]
    if kind not in (b"[", b"{"):
        raise BadFile(FileFailure.NOT_JSON)
    try:
        yield from _elements(stream, count, ours=kind == b"{")
    except (ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile(FileFailure.DAMAGED) from error


def _elements(stream: IO[bytes], count: Count, *, ours: bool) -> Iterator[dict[str, Any]]:
    """ijson's own `items` keeps the path to where it is, which grows with its depth: DEEPEST bounds that here."""
    said: dict[str, Any] = {}  # what our own file says of itself, ahead of its conversations
    base, depth, key, began = 1 + ours, 0, "", 0
    builder: ObjectBuilder | None = None
    for event, value in ijson.basic_parse(stream, use_float=True):
        depth -= event in ENDS
        if builder is None and depth == base and event not in ENDS and event != "map_key" and ours == (key == LIST):
            if ours:
                _check_format(said)
            builder, began = ObjectBuilder(), count.read
        if builder:
            builder.event(event, value)
        elif depth == 1 and event == "map_key":
            key = value
        elif depth == 1 and event not in (*STARTS, *ENDS):
            said[key] = value
        depth += event in STARTS
        if depth > DEEPEST or (builder and count.read - began > LARGEST_CONVERSATION):
            raise BadFile(FileFailure.TOO_LARGE if depth <= DEEPEST else FileFailure.DAMAGED)
        if builder and depth == base:
            found, builder = builder.value, None
            if not ours and not (isinstance(found, dict) and "mapping" in found):
                raise BadFile(FileFailure.FOREIGN)
            yield found
    if ours:
        _check_format(said)


def _check_format(said: dict[str, Any]) -> None:
    if said.get("format") != FORMAT or not isinstance(said.get("version"), int):
        raise BadFile(FileFailure.FOREIGN)
    if said["version"] > VERSION:
        raise BadFile(FileFailure.NEWER)


def draft(found: Any) -> Draft:
    """Raises Refused."""
    try:
        made = _from_chatgpt(found) if "mapping" in found else _from_colloquy(found)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refused(Refusal.DAMAGED) from error
    if not made.turns:
        raise Refused(Refusal.EMPTY)
    if len(made.turns) > MOST_MESSAGES or any(len(turn.text) > LONGEST_TEXT for turn in made.turns):
        raise Refused(Refusal.TOO_LONG)
    return made


def _from_colloquy(found: dict[str, Any]) -> Draft:
    turns: dict[str, Turn] = {}
    for message in found["messages"][: MOST_MESSAGES + 1]:
        turn = _own_turn(message)
        turn.parent = turn.parent if turn.parent in turns else None
        turns[turn.key] = turn
    last = next(reversed(turns), "")
    options = found.get("options") or {}
    return Draft(
        origin=f"colloquy:{clean(found['id'])}"[:120],
        title=clean(found.get("title") or ""),
        created_at=moment(found.get("created_at")),
        updated_at=moment(found.get("updated_at")),
        turns=list(turns.values()),
        leaf=str(found.get("leaf")) if str(found.get("leaf")) in turns else last,
        task=Task(found.get("task", Task.CHAT)),
        title_is_ours=bool(found.get("title_is_ours")),
        options={name: plain(options[name]) for name, kind in OPTIONS.items() if isinstance(options.get(name), kind)},
        room=plain(found.get("room"), LARGEST_ROOM),
    )


def _own_turn(message: dict[str, Any]) -> Turn:
    parent, words = message.get("parent"), message.get("feedback") or []
    return Turn(
        key=str(message["id"]),
        parent=None if parent is None else str(parent),
        role=Role(message["role"]),
        text=clean(message.get("text") or ""),
        created_at=moment(message.get("created_at")),
        mine=bool(message.get("mine")),
        details=plain(message.get("details") or {}),
        figures=None if message.get("generation", {}) is None else plain(message.get("generation", {})),
        feedback=[(int(word["thumb"]), clean(word.get("correction") or "")) for word in words if word.get("mine")][:1],
    )


def _from_chatgpt(found: dict[str, Any]) -> Draft:
    nodes = {key: node for key, node in found["mapping"].items() if isinstance(node, dict)}
    turns: dict[str, Turn] = {}
    nearest: dict[str, str | None] = {}  # node -> itself or the next above it that is shown
    roots = [key for key, node in nodes.items() if node.get("parent") not in nodes]
    ahead: list[tuple[str, str | None]] = [(key, None) for key in reversed(roots)]
    while ahead:
        key, parent = ahead.pop()
        if key in nearest or key not in nodes:
            continue
        turn = _their_turn(key, parent, nodes[key].get("message") or {})
        if turn:
            turns[key] = turn
        nearest[key] = key if turn else parent
        ahead += [(child, nearest[key]) for child in reversed(nodes[key].get("children") or [])]
    last = next(reversed(turns), "")
    name = found.get("conversation_id") or found.get("id") or f"{found.get('title')} {found.get('create_time')}"
    return Draft(
        origin=f"chatgpt:{clean(str(name))}"[:120],
        title=clean(found.get("title") or ""),
        created_at=moment(found.get("create_time")),
        updated_at=moment(found.get("update_time")),
        turns=list(turns.values()),
        leaf=nearest.get(str(found.get("current_node"))) or last,
    )


def _their_turn(key: str, parent: str | None, message: dict[str, Any]) -> Turn | None:
    """None for what ChatGPT does not show: its system messages, its tools' and what it says to them."""
    role, told = (message.get("author") or {}).get("role"), message.get("recipient") or "all"
    about = message.get("metadata") or {}
    text = _their_text(message.get("content") or {}).strip()
    if role not in (Role.USER, Role.ASSISTANT) or told != "all" or not text:
        return None
    if about.get("is_visually_hidden_from_conversation"):
        return None
    figures = {"model": clean(str(about.get("model_slug") or "ChatGPT"))}
    created_at = moment(message.get("create_time"))
    return Turn(key, parent, Role(role), clean(text), created_at, mine=True, figures=figures)


def _their_text(content: dict[str, Any]) -> str:
    if content.get("content_type") not in ("text", "multimodal_text"):
        return ""
    return "\n\n".join(part for part in content.get("parts") or [] if isinstance(part, str))


def clean(text: str) -> str:
    """Without what PostgreSQL does not store: NUL, and halves of surrogate pairs."""
    if not isinstance(text, str):
        raise TypeError
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def plain(value: Any, most: int = LARGEST_DETAILS) -> Any:
    """The same of any JSON value. Raises ValueError where it is too large."""
    if len(json.dumps(value)) > most:
        raise ValueError
    return _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def moment(value: Any) -> datetime:
    """Seconds since 1970, or ISO 8601; now where it is neither, or has yet to come."""
    now = timezone.now()
    try:
        if isinstance(value, str):
            found = cast(datetime, parse_datetime(value))
            return min(now, found if found.tzinfo else found.replace(tzinfo=UTC))
        return min(now, datetime.fromtimestamp(value, UTC))
    except (TypeError, ValueError, OverflowError, OSError, AttributeError):
        return now
