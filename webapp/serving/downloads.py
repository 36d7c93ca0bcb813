"""Files of a directory as one ZIP archive, made while it is sent: nothing is held in memory or written to disk."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

PIECE = 2**18
EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same files make the same archive


def archive(directory: Path, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_aside(zipped(directory)), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip") or "attachment"
    response["Content-Encoding"] = "identity"  # weights do not get smaller
    return response


def zipped(directory: Path) -> Iterator[bytes]:
    sent = _Sent()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED) as made:
        for file in sorted(path for path in directory.iterdir() if path.is_file()):
            about = zipfile.ZipInfo(file.name, EPOCH)
            with file.open("rb") as source, made.open(about, "w", force_zip64=True) as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    yield sent.take()
    yield sent.take()


class _Sent(io.RawIOBase):
    """A file that cannot be sought in: zipfile then writes sizes behind what they are of."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


async def _aside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Reads the disk in a thread."""
    step = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await step()) is not None:
        yield piece
