"""`manage.py doctor`: one sentence for each thing that is wrong. What is well is in test_up.py."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.fake import Fake
from tests.launch.product import installed
from webapp.launch import doctor

NOBODY = "127.0.0.1:1"  # no service listens on port 1


@pytest.fixture(scope="module")
def said() -> Iterator[tuple[int, list[str]]]:
    """Exit code and lines of a doctor who finds nothing that answers."""
    with installed() as product:
        run = product.command(
            "doctor",
            DATABASE_URL=f"postgresql://colloquy@{NOBODY}/colloquy",
            REDIS_URL=f"redis://{NOBODY}",
            INFERENCE_URL=f"http://{NOBODY}",
        )
        yield run.returncode, run.stdout.splitlines()


@pytest.mark.parametrize(
    "sentence",
    [
        "- The database cannot be reached at DATABASE_URL: ",
        "- Redis cannot be reached at REDIS_URL: ",
        f"- The engine does not answer at INFERENCE_URL (http://{NOBODY}). ",
        "- No page answers at port ",
    ],
)
def test_it_names_each_part_that_does_not_answer(said: tuple[int, list[str]], sentence: str) -> None:
    code, lines = said
    assert code == 1
    assert [line for line in lines if line.startswith(sentence)] != []
    assert len(lines) == 4


def test_it_says_of_an_install_that_is_not_running_how_to_start_it() -> None:
    with installed() as product:
        said = product.command("doctor").stdout
    assert "The database cannot be reached at the embedded PostgreSQL (is `make up` running?)" in said
    assert "Redis cannot be reached at the embedded Redis (is `make up` running?)" in said
    assert "The engine does not answer at the embedded vLLM. It may still be loading" in said


def test_a_port_that_is_taken(settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.PORT = other.getsockname()[1]
        [sentence] = doctor.free_port()
    assert sentence.startswith(f"Port {settings.PORT} cannot be used (Address already in use).")
    assert list(doctor.free_port()) == []


def test_a_model_directory_that_is_missing(settings, tmp_path: Path) -> None:
    settings.MODEL = str(tmp_path / "nowhere")
    [sentence] = doctor.model_present()
    assert settings.MODEL in sentence
    settings.INFERENCE_URL = "http://gpu.example:8000"  # then the model is that server's business
    assert list(doctor.model_present()) == []


def test_a_disk_that_is_full(settings) -> None:
    [sentence] = doctor.enough_space(12_345_678)
    assert sentence.startswith(f"Only 12 MB are free on the disk of {settings.DATA_DIR}.")
    assert list(doctor.enough_space(doctor.LEAST_FREE_BYTES)) == []


async def test_an_engine_that_does_all_it_should_is_no_problem(settings) -> None:
    async with Fake(api_key="key") as engine:
        settings.ENGINE_URL, settings.ENGINE_KEY = engine.url, "key"
        assert await doctor.engine_problems() == []


async def test_an_engine_without_lora(settings) -> None:
    async with Fake(lora=False) as engine:
        settings.ENGINE_URL = engine.url
        [sentence] = await doctor.engine_problems()
    assert "cannot load adapters. Start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1" in sentence


async def test_an_engine_that_refuses_our_key(settings) -> None:
    async with Fake(api_key="another") as engine:
        settings.ENGINE_URL, settings.ENGINE_KEY = engine.url, "ours"
        [sentence] = await doctor.engine_problems()
    assert sentence.endswith("Is INFERENCE_API_KEY right?")


async def test_an_engine_that_serves_another_model(settings) -> None:
    async with Fake(model="llama") as engine:
        settings.ENGINE_URL = engine.url
        [sentence] = await doctor.engine_problems()
    assert "serves llama, not colloquy: set SERVED_MODEL to one of these." in sentence
