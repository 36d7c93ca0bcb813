"""The house's own order: `make check`, or `python -m tools.check NAME` for one of them. Exits 1 when one fails."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
BIN = Path(sys.executable).parent


def run(*words: str, cwd: Path = ROOT) -> bool:
    return subprocess.run(words, cwd=cwd, check=False).returncode == 0


def tool(name: str, *words: str) -> Callable[[], bool]:
    return lambda: run(str(BIN / name), *words)


def listed(*places: str) -> list[str]:
    """Files there that git knows or would take."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *places]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


def translations() -> bool:
    """Every sentence of the code and the templates has its Chinese. Works on a copy: extraction rewrites the file."""
    if not shutil.which("xgettext"):
        print("xgettext is missing: install gettext (Debian: apt-get install gettext).")
        return False
    files = listed("webapp", "training", "inference", "templates", "locale", "manage.py")
    with tempfile.TemporaryDirectory() as place:
        for name in filter(lambda name: (ROOT / name).is_file(), files):
            target = Path(place, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        if not run(sys.executable, str(ROOT / "tools" / "extract.py"), cwd=Path(place)):
            return False
        return complete(Path(place, CATALOGUE))


def complete(catalogue: Path) -> bool:
    with catalogue.open("rb") as file:
        missing = [m for m in read_po(file, locale="zh_Hans") if m.id and (m.fuzzy or not filled(m.string))]
    for message in missing:
        print(f"No Chinese for {message.id!r} ({message.locations[0][0] if message.locations else 'unused'})")
    return not missing


def filled(string: str | Sequence[str] | None) -> bool:
    return bool(string) if isinstance(string, str) else all(string or ("",))


CHECKS: dict[str, Callable[[], bool]] = {
    "lint": tool("ruff", "check", "--quiet"),
    "format": tool("ruff", "format", "--check", "--quiet"),
    "types": tool("mypy"),
    "imports": tool("lint-imports"),
    "templates": tool("djlint", "templates", "--lint", "--quiet"),
    "template format": lambda: run(str(BIN / "djade"), "--check", "--target-version", "5.2", *listed("templates")),
    "migrations": lambda: run(sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"),
    "translations": translations,
}


def main(names: list[str]) -> int:
    os.environ.setdefault("DATABASE_POOL", "0")  # where there is no database, do not wait for a connection to it
    failed = [name for name in names or CHECKS if not CHECKS[name]()]
    print(f"failed: {', '.join(failed)}" if failed else "All in order.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
