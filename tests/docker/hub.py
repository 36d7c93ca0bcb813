"""A model hub: as much of Hugging Face's HTTP API as its client needs to fetch a repository
(https://huggingface.co/docs/hub/api)."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serves root/<owner>/<name> as the repository <owner>/<name>. Gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, root))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, root: Path, *args: object):
        self._root = root
        super().__init__(*args)

    def do_GET(self) -> None:
        words = self.path.partition("?")[0].strip("/").split("/")
        if words[:2] == ["api", "models"]:
            self._describe("/".join(words[2:4]), tree=words[4:5] == ["tree"])
        elif words[0] == "api":
            self._send(404, b"{}", {})
        else:  # owner/name/resolve/commit/file
            self._send_file(self._root / words[0] / words[1] / "/".join(words[4:]))

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _describe(self, name: str, *, tree: bool) -> None:
        repository = self._root / name
        if not repository.is_dir():
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return
        files = {str(f.relative_to(repository)): f.stat().st_size for f in repository.rglob("*") if f.is_file()}
        listed = [{"type": "file", "path": path, "size": size, "oid": COMMIT} for path, size in sorted(files.items())]
        about = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in sorted(files)]}
        self._send(200, json.dumps(listed if tree else about).encode(), {"Content-Type": "application/json"})

    def _send_file(self, file: Path) -> None:
        content = file.read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        self._send(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
