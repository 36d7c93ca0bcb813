"""docker/fetch.py: a model comes from a hub whole and without code, or not at all."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.docker.compose import services
from tests.docker.images import Image
from tests.tiny_llama import write_model

NAME = "alice/tiny"


@pytest.fixture
def published(hub: str, tmp_path: Path) -> Path:
    """A model on the hub, with code and a pickle beside it."""
    model = write_model(tmp_path / "hub" / NAME)
    (model / "modeling.py").write_text("print('owned')")
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "README.md").write_text("# Tiny")
    return model


def fetch(web: Image, tmp_path: Path, hub: str, name: str = NAME) -> "subprocess.CompletedProcess[str]":
    service = services(MODEL=name)["model"]
    places = {"MODELS": str(tmp_path / "models"), "HF_HOME": str(tmp_path / "home")}
    settings = service["environment"] | places | {"HF_ENDPOINT": hub}
    return web.run(*service["command"], settings=settings)


def test_weights_and_text_are_fetched_and_neither_code_nor_pickle(
    web: Image, tmp_path: Path, hub: str, published: Path
) -> None:
    run = fetch(web, tmp_path, hub)
    assert run.returncode == 0, run.stderr
    assert "alice/tiny is fetched." in run.stdout
    model = tmp_path / "models" / NAME
    files = {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"}
    assert {file.name for file in model.iterdir()} == files
    assert all((model / file).read_bytes() == (published / file).read_bytes() for file in files)
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in model.iterdir())  # the engine is another user


def test_what_is_there_is_not_fetched_again(web: Image, tmp_path: Path) -> None:
    write_model(tmp_path / "models" / NAME)
    run = fetch(web, tmp_path, hub="http://127.0.0.1:1")
    assert (run.returncode, run.stdout) == (0, "alice/tiny is there.\n")


def test_the_built_in_model_needs_no_hub(web: Image, tmp_path: Path) -> None:
    run = fetch(web, tmp_path, hub="http://127.0.0.1:1", name="")
    assert (run.returncode, run.stdout) == (0, "The built-in model is served: nothing to fetch.\n")


def test_a_model_that_wants_to_run_its_own_code_does_not_come_in(
    web: Image, tmp_path: Path, hub: str, published: Path
) -> None:
    config = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "modeling.Model"}}))
    run = fetch(web, tmp_path, hub)
    assert run.returncode == 1
    assert "auto_map" in run.stderr
    assert not (tmp_path / "models" / NAME).exists()


@pytest.mark.parametrize("name", ["alice/unknown", "../../etc", "/etc", "a/b/c"])
def test_a_model_that_is_not_there_gets_a_sentence(web: Image, tmp_path: Path, hub: str, name: str) -> None:
    run = fetch(web, tmp_path, hub, name)
    assert run.returncode == 1
    assert run.stderr.startswith(f"{name} cannot be fetched: ")
    assert "MODEL is the name of a model on the hub" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_hub_that_cannot_be_reached_gets_a_sentence_and_the_next_try_goes_on(
    web: Image, tmp_path: Path, hub: str, published: Path
) -> None:
    run = fetch(web, tmp_path, hub="http://127.0.0.1:1")
    assert run.returncode == 1
    assert run.stderr.startswith("alice/tiny cannot be fetched: ")
    assert "Traceback" not in run.stderr
    assert fetch(web, tmp_path, hub).returncode == 0
