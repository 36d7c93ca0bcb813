"""What an image holds, without an engine to build it: the files that its Dockerfile copies, and a Python with just the
packages of its locks, linked from those that are installed here."""

import os
import shutil
import subprocess
import sys
import venv
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path

from dockerfile_parse import DockerfileParser
from pathspec import GitIgnoreSpec

from tests.docker.compose import ROOT
from tests.docker.processes import running

Instruction = dict[str, str]


@dataclass(frozen=True)
class Image:
    """app: the image's /app. data: its /data."""

    app: Path
    data: Path
    python: Path

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        path = os.pathsep.join([str(self.python.parent), os.environ["PATH"]])
        kept = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "HOSTNAME") if name in os.environ}
        home = {"HOME": str(self.data), "DATA_DIR": str(self.data), "PATH": path}
        return kept | settings | home | {"PYTHONDONTWRITEBYTECODE": "1"}

    def running(
        self, command: list[str], settings: dict[str, str], log: Path
    ) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        return running(command, log, cwd=self.app, environment=self.environment(settings))

    def run(self, *command: str, settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        environment = self.environment(settings)
        return subprocess.run(command, cwd=self.app, env=environment, capture_output=True, text=True, check=False)


def make_image(place: Path, name: str, packages: set[str]) -> Image:
    """The image of docker/<name>.Dockerfile, without what its RUN lines do."""
    image = Image(place / "app", place / "data", make_python(place / "venv", packages))
    image.data.mkdir()
    for sources, target in copied(name):
        for source in sources:
            _copy(source, image.app / target)
    return image


def instructions(name: str) -> list[Instruction]:
    """Of docker/<name>.Dockerfile: dictionaries with `instruction` and `value`."""
    parser = DockerfileParser(fileobj=BytesIO((ROOT / "docker" / f"{name}.Dockerfile").read_bytes()))
    found: list[Instruction] = parser.structure
    return found


def dockerfiles() -> list[str]:
    return sorted(file.name.removesuffix(".Dockerfile") for file in (ROOT / "docker").glob("*.Dockerfile"))


def final_stage(name: str) -> list[Instruction]:
    found = instructions(name)
    last = max(number for number, line in enumerate(found) if line["instruction"] == "FROM")
    return found[last:]


def copied(name: str) -> list[tuple[list[Path], str]]:
    """What the last stage copies from the repository: files and directories, and where to below its WORKDIR."""
    found = []
    for line in final_stage(name):
        if line["instruction"] == "COPY" and "--from" not in line["value"]:
            *sources, target = line["value"].split()
            found.append(([path for source in sources for path in in_context(source)], target))
    return found


def last_run(name: str) -> str:
    """The last RUN line of docker/<name>.Dockerfile, for sh."""
    return [line["value"] for line in final_stage(name) if line["instruction"] == "RUN"][-1]


def in_context(pattern: str) -> list[Path]:
    """The files and directories below the repository that `COPY pattern` sends. Raises FileNotFoundError for none."""
    paths = sorted(path for path in ROOT.glob(pattern) if not ignored(path))
    if not paths:
        raise FileNotFoundError(f"COPY {pattern} copies nothing.")
    return paths


def ignored(path: Path) -> bool:
    spec = GitIgnoreSpec.from_lines((ROOT / ".dockerignore").read_text().splitlines())
    return spec.match_file(path.relative_to(ROOT))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=lambda folder, names: [n for n in names if ignored(Path(folder, n))])
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def pins(lock: str) -> set[str]:
    """The lines of a lock: name==version."""
    lines = (ROOT / lock).read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def make_python(place: Path, packages: set[str]) -> Path:
    """A virtual environment with those packages of ours and no other. Returns its interpreter."""
    venv.create(place, symlinks=True)
    site = place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    everything = list(metadata.distributions())
    owners = Counter(top for distribution in everything for top in _tops(distribution))
    for name in packages:
        _link(metadata.distribution(name), site, owners)
    return place / "bin" / "python"


def _tops(distribution: metadata.Distribution) -> set[str]:
    return {file.parts[0] for file in distribution.files or ()} - {".."}


def _link(distribution: metadata.Distribution, site: Path, owners: Counter[str]) -> None:
    """A folder that is the package's alone becomes one link; of a shared one, its files."""
    for file in distribution.files or ():
        top = file.parts[0]
        if top == "..":
            continue
        part = Path(top) if owners[top] == 1 else Path(file)
        if not (site / part).is_symlink():
            (site / part).parent.mkdir(parents=True, exist_ok=True)
            (site / part).symlink_to(Path(str(distribution.locate_file(str(part)))))
