"""docker/serve.py: an engine in a container is started with the command of inference.server."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from inference.server import ServerConfig
from tests.docker.compose import ROOT, services
from tests.docker.images import Image
from tests.docker.processes import answers, free_port, wait_until
from tests.tiny_llama import write_model

RECORDER = """#!/usr/bin/env python3
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "environment": dict(os.environ)}))
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def gpu_app(tmp_path: Path) -> Path:
    """/app of the engine for GPUs: vLLM's image with our files mounted. Its `vllm` says how it was called."""
    for volume in services()["engine-gpu"]["volumes"]:
        source, target = volume.split(":")[:2]
        if target.startswith("/app/"):
            link = tmp_path / "app" / target.removeprefix("/app/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(ROOT / "docker" / source)
    (tmp_path / "vllm").write_text(RECORDER)
    (tmp_path / "vllm").chmod(0o755)
    return tmp_path / "app"


def start(app: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the entrypoint of the engine for GPUs with this .env; MODEL is a path, as it is in the container."""
    service = services(**{name: value for name, value in env.items() if name != "MODEL"})["engine-gpu"]
    command = [word.replace("/app", str(app)) for word in service["entrypoint"] + service["command"]]
    path = os.pathsep.join([str(app.parent), os.environ["PATH"]])
    own = {"PATH": path, "HOME": str(app.parent), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(app)}
    environment = service["environment"] | own | {name: env[name] for name in ("MODEL",) if name in env}
    return subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, check=False)


def config(home: Path, model: Path, **options: Any) -> ServerConfig:
    return ServerConfig(
        model=str(model),
        served_name="model",
        api_key="the-engines-key",
        cache_dir=home / ".cache" / "colloquy",
        host="0.0.0.0",
        **options,
    )


def test_on_gpus_the_command_and_environment_are_those_of_the_server_config(
    gpu_app: Path, model: Path, tmp_path: Path
) -> None:
    run = start(gpu_app, MODEL=str(model), ENGINE_GPUS="2,3", CONTEXT_TOKENS="4096", KV_CACHE_MIB="2048")
    assert run.returncode == 0, run.stderr
    called = json.loads(run.stdout)
    expected = config(
        tmp_path, model, device="gpu", tensor_parallel_size=2, max_model_len=4096, kv_cache_bytes=2 * 1024**3
    )
    assert ["vllm", *called["argv"]] == expected.argv()
    environment = {name: value for name, value in expected.environment().items() if name != "PYTHONPATH"}
    assert {name: called["environment"].get(name) for name in environment} == environment
    assert called["environment"]["CUDA_VISIBLE_DEVICES"] == "2,3"


def test_without_settings_it_serves_the_built_in_model_on_one_gpu(gpu_app: Path, tmp_path: Path) -> None:
    run = start(gpu_app)
    assert run.returncode == 0, run.stderr
    builtin = Path(json.loads(run.stdout)["argv"][1])
    assert builtin.samefile(ROOT / "inference" / "builtin")
    argv = config(tmp_path, builtin, device="gpu").argv()
    argv[argv.index("--served-model-name") + 1] = "colloquy"
    assert ["vllm", *json.loads(run.stdout)["argv"]] == argv


def test_the_guard_comes_with_it(gpu_app: Path, model: Path) -> None:
    called = json.loads(start(gpu_app, MODEL=str(model)).stdout)
    assert called["argv"][-1] == "inference.engine.guard.Guard"
    probe = ["python3", "-c", "import inference.engine.guard, inference.engine.kept"]
    environment = {name: called["environment"][name] for name in ("PYTHONPATH", "PATH", "PYTHONDONTWRITEBYTECODE")}
    assert subprocess.run(probe, cwd="/", env=environment, check=False).returncode == 0


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"MODEL": "/models/alice/missing"}, "There is no model directory /models/alice/missing: set MODEL"),
        ({"CONTEXT_TOKENS": "many"}, "CONTEXT_TOKENS is 'many'; write a whole number"),
        ({"KV_CACHE_MIB": "-1"}, "KV_CACHE_MIB is '-1'; write a whole number"),
    ],
)
def test_what_cannot_be_meant_gets_a_sentence(gpu_app: Path, env: dict[str, str], sentence: str) -> None:
    run = start(gpu_app, **env)
    assert run.returncode == 1
    assert run.stderr.startswith(sentence)
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", ["", "Qwen/Qwen3-0.6B"])
def test_pages_and_engine_call_a_model_by_one_name(web: Image, engine_cpu: Image, name: str) -> None:
    code = "from django.conf import settings; print(settings.SERVED_MODEL)"
    asked = services(MODEL=name)["web"]["environment"] | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
    pages = web.run("python", "-c", code, settings=asked)
    code = "import os, serve; print(serve.options(os.environ)['served_name'])"
    engine = engine_cpu.run("python", "-c", code, settings=services(MODEL=name)["engine-cpu"]["environment"])
    assert pages.stdout == engine.stdout != "", pages.stderr + engine.stderr


def test_the_engine_for_cpus_answers_with_the_packages_of_its_image(
    engine_cpu: Image, model: Path, tmp_path: Path
) -> None:
    port, log = str(free_port()), tmp_path / "log"
    service = services()["engine-cpu"]
    settings = service["environment"] | {"MODEL": str(model), "PORT": port, "KV_CACHE_MIB": "64"}
    with engine_cpu.running(service["command"], settings, log) as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), process, log)
        probe = service["healthcheck"]["test"][3].replace("8000", port)
        assert engine_cpu.run("python3", "-c", probe, settings={}).returncode == 0
        status, body = asyncio.run(ask(port, "the-engines-key"))
        assert status == 200, body + log.read_text()[-4000:]
        assert json.loads(body)["choices"][0]["message"]["content"].startswith('{"n":')
        assert asyncio.run(ask(port, "another-key"))[0] == 401


async def ask(port: str, key: str) -> tuple[int, str]:
    """A structured reply, for which vLLM loads most of its optional packages: the status and the body."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    body = {
        "model": "model",
        "messages": [{"role": "user", "content": "How many?"}],
        "max_tokens": 24,
        "response_format": {"type": "json_schema", "json_schema": {"name": "count", "schema": schema}},
    }
    url, headers = f"http://127.0.0.1:{port}/v1/chat/completions", {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as response:
        return response.status, await response.text()
