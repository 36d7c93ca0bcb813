"""The log of a run's command, for its page: its end, and what comes after."""

from dataclasses import dataclass
from pathlib import Path

LAST_LINES, LAST_BYTES = 20, 8000


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines, and where in the file they end (bytes)."""

    text: str = ""
    end: int = 0

    def __bool__(self) -> bool:
        return bool(self.text)


def last_lines(path: Path) -> Piece:
    found = lines_after(path, 0)
    return Piece("".join(found.text.splitlines(keepends=True)[-LAST_LINES:]), found.end)


def lines_after(path: Path, place: int) -> Piece:
    """What has come since, the end of it where that is much. A line that is still being written comes when it is
    whole."""
    try:
        with path.open("rb") as file:
            begin = max(place, path.stat().st_size - LAST_BYTES)
            file.seek(begin)
            found = file.read()
    except OSError:
        return Piece(end=place)
    skipped = found.find(b"\n") + 1 if begin > place else 0  # the rest of a line whose beginning is left out
    kept = found[skipped : found.rfind(b"\n") + 1]
    return Piece(kept.decode(errors="replace"), begin + skipped + len(kept) if kept else place)
