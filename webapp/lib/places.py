"""Where an install keeps its things: DATA_DIR for what must last, run_dir for sockets."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

# Linux allows 107 bytes for the path of a Unix socket; the longest name we put in the directory has 22.
LONGEST_RUN_DIR = 107 - 22 - 1


def run_dir(data_dir: Path) -> Path:
    """The directory of the embedded parts' sockets: beside the data, or, where that path is too long for a socket,
    a private one under the system's temporary directory whose name is derived from it."""
    beside = data_dir / "run"
    if len(os.fsencode(beside)) <= LONGEST_RUN_DIR:
        return beside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"colloquy-{os.getuid()}-{digest}"


def kept_secret(file: Path) -> str:
    """The secret in that file; made, readable by its owner alone, when there is none."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return file.read_text().strip()
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(48))
    return file.read_text().strip()
