"""KeepAdapters: ASGI middleware that gives the engine its own hold on the files of every adapter it loads.

vLLM reads an adapter from its directory again whenever more adapters are in use than fit in memory. If the directory is
gone by then, the read fails in the middle of a step and the whole engine exits, with everybody's replies (seen in 0.32,
open in 0.33). So we make hard links to the adapter's two files (copies where the store is on another file system) in a
directory that only this process knows, and vLLM is told that one: whatever happens to the store, a loaded adapter
answers until it is unloaded. The links go when the next engine starts.

On the way it refuses what must not be loaded: relative paths (vLLM would ask a model hub for them), links, directories
without safetensors, and `load_inplace`, after which 0.32 serves stale cache.
"""

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from .guard import App, Message, Receive, Scope, Send, send_json

FILES = ("adapter_config.json", "adapter_model.safetensors")
_MAX_BODY_BYTES = 64 * 1024


class _Refusal(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class KeepAdapters:
    """Keeps them below the directory that COLLOQUY_KEPT_ADAPTERS names."""

    def __init__(self, app: App):
        self._app = app
        self._root = _own_directory(Path(os.environ["COLLOQUY_KEPT_ADAPTERS"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        try:
            if path.startswith("/adapters"):
                raise _Refusal(404, "Load adapters with POST /v1/load_lora_adapter.")
            if path == "/v1/load_lora_adapter" and scope.get("method") == "POST":
                await self._load(scope, receive, send)
                return
        except _Refusal as exc:
            error = {"message": str(exc), "type": "BadRequestError", "param": None, "code": exc.status}
            await send_json(send, exc.status, json.dumps({"error": error}).encode())
            return
        await self._app(scope, receive, send)

    async def _load(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _parse(await _read(receive))
        kept = await asyncio.to_thread(self._keep, Path(asked["lora_path"]))
        body = json.dumps(asked | {"lora_path": str(kept)}).encode()
        accepted = False

        async def receive_changed() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_watched(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message.get("status") == 200
            await send(message)

        await self._app(_with_length(scope, len(body)), receive_changed, send_watched)
        if not accepted:
            shutil.rmtree(kept)

    def _keep(self, source: Path) -> Path:
        if not source.is_absolute():
            raise _Refusal(400, f"{source} is a relative path: name the adapter's directory by its absolute path.")
        missing = [name for name in FILES if (source / name).is_symlink() or not (source / name).is_file()]
        if missing:
            raise _Refusal(404, f"No adapter found for {source}: there is no {' and no '.join(missing)}.")
        kept = Path(tempfile.mkdtemp(dir=self._root, prefix="adapter-"))
        for name in FILES:
            _link_or_copy(source / name, kept / name)
        return kept


def _own_directory(root: Path) -> Path:
    """A directory for this process; those of processes that are no more are removed."""
    root.mkdir(parents=True, exist_ok=True)
    for entry in root.iterdir():
        if not _runs(entry.name) or entry.name == str(os.getpid()):
            shutil.rmtree(entry, ignore_errors=True)
    own = root / str(os.getpid())
    own.mkdir(mode=0o700)
    return own


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or files of another user
        shutil.copyfile(source, target)


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > _MAX_BODY_BYTES or message["type"] != "http.request":
            raise _Refusal(413, "A request to load an adapter is a name and a path, not so much.")
    return body


def _parse(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError as exc:
        raise _Refusal(400, f"The request is no JSON: {exc}.") from exc
    if not isinstance(asked, dict) or not all(isinstance(asked.get(key), str) for key in ("lora_name", "lora_path")):
        raise _Refusal(400, "Name the adapter and its directory: lora_name and lora_path, both text.")
    if asked.get("load_inplace"):
        raise _Refusal(400, "load_inplace is not served: load the new version under a new name.")
    return asked


def _with_length(scope: Scope, length: int) -> Scope:
    headers = [
        (name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")
    ]
    return dict(scope) | {"headers": [*headers, (b"content-length", str(length).encode())]}
