"""What stands between a request to load an adapter and vLLM."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from inference.engine.kept import KeepAdapters
from tests.tiny_llama import write_adapter, write_model

LOAD = "/v1/load_lora_adapter"


async def load(request: Request) -> JSONResponse:
    """Plays vLLM: refuses the name `refused`, and says which path it was given."""
    asked = await request.json()
    return JSONResponse(asked, 400 if asked["lora_name"] == "refused" else 200)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def engine_door(kept: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("COLLOQUY_KEPT_ADAPTERS", str(kept))
    routes = [Route(path, load, methods=["POST"]) for path in (LOAD, "/adapters", "/other")]
    return TestClient(KeepAdapters(Starlette(routes=routes)))


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", write_model(tmp_path / "model"), seed=1)


def test_vllm_is_given_files_that_stay_when_the_directory_vanishes(engine_door: TestClient, adapter: Path) -> None:
    weights = (adapter / "adapter_model.safetensors").read_bytes()
    given = engine_door.post(LOAD, json={"lora_name": "a", "lora_path": str(adapter)}).json()
    assert given["lora_name"] == "a"
    shutil.rmtree(adapter)
    assert (Path(given["lora_path"]) / "adapter_model.safetensors").read_bytes() == weights


def test_it_keeps_links_and_nothing_but_the_two_files(engine_door: TestClient, adapter: Path) -> None:
    (adapter / "training_args.bin").write_bytes(b"pickle")
    given = Path(engine_door.post(LOAD, json={"lora_name": "a", "lora_path": str(adapter)}).json()["lora_path"])
    assert {file.name for file in given.iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    name = "adapter_model.safetensors"
    assert (given / name).samefile(adapter / name)


def test_a_name_that_is_loaded_again_from_elsewhere_has_another_path(
    engine_door: TestClient, adapter: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(adapter, tmp_path / "other")
    paths = {
        engine_door.post(LOAD, json={"lora_name": "a", "lora_path": str(path)}).json()["lora_path"]
        for path in (adapter, other)
    }
    assert len(paths) == 2


def test_what_vllm_refuses_is_not_kept(engine_door: TestClient, adapter: Path, kept: Path) -> None:
    response = engine_door.post(LOAD, json={"lora_name": "refused", "lora_path": str(adapter)})
    assert response.status_code == 400
    assert not list(kept.glob("*/*"))


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({"lora_name": "a", "lora_path": "models/adapter"}, 400, "relative path"),
        ({"lora_name": "a", "lora_path": "/nowhere"}, 404, "No adapter found for /nowhere"),
        ({"lora_name": "a"}, 400, "Name the adapter and its directory"),
        ({"lora_name": 1, "lora_path": 2}, 400, "Name the adapter and its directory"),
        ({"lora_name": "a", "lora_path": "/tmp", "load_inplace": True}, 400, "under a new name"),
        ("no object", 400, "Name the adapter and its directory"),
        ({"lora_name": "a" * 70_000, "lora_path": "/tmp"}, 413, "not so much"),
    ],
)
def test_what_must_not_be_loaded_gets_a_sentence(
    engine_door: TestClient, asked: object, status: int, sentence: str
) -> None:
    response = engine_door.post(LOAD, json=asked)
    assert response.status_code == status
    assert sentence in response.json()["error"]["message"]


def test_what_is_no_json_gets_a_sentence(engine_door: TestClient) -> None:
    assert "no JSON" in engine_door.post(LOAD, content=b"{").json()["error"]["message"]


def test_a_linked_file_is_no_adapter(engine_door: TestClient, adapter: Path, tmp_path: Path) -> None:
    (adapter / "adapter_model.safetensors").rename(tmp_path / "elsewhere")
    (adapter / "adapter_model.safetensors").symlink_to(tmp_path / "elsewhere")
    assert engine_door.post(LOAD, json={"lora_name": "a", "lora_path": str(adapter)}).status_code == 404


def test_the_other_way_to_load_adapters_is_closed_and_other_paths_are_open(engine_door: TestClient) -> None:
    assert engine_door.post("/adapters", json={"name": "a", "src": "/etc"}).status_code == 404
    assert engine_door.post("/other", json={"lora_name": "untouched"}).json() == {"lora_name": "untouched"}


def test_what_a_dead_engine_kept_is_removed_and_what_a_living_one_keeps_is_not(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["true"]) as process:
        dead = kept / str(process.pid)
    living = kept / str(os.getppid())
    for place in (dead, living):
        (place / "adapter-1").mkdir(parents=True)
    monkeypatch.setenv("COLLOQUY_KEPT_ADAPTERS", str(kept))
    KeepAdapters(Starlette())
    assert not dead.exists()
    assert (living / "adapter-1").exists()
