"""The log of a run's command, for its page."""

from pathlib import Path

LAST_LINES, LAST_BYTES = 20, 8000


def last_lines(path: Path) -> str:
    """The end of a log, in whole lines."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LAST_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-LAST_LINES:])
    except OSError:
        return ""
