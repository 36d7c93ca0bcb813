"""Where an install keeps its things: DATA_DIR for what must last, run_dir for sockets."""

import contextlib
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
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # another process was first: nobody ever reads half a secret
            os.link(made, file)
        os.unlink(made)
    return file.read_text().strip()
