"""The command that starts the generation server: vLLM's own parser reads it, and no unsafe model is served."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.server import InvalidModel, ServerConfig
from tests.tiny_llama import write_model

# Read like `vllm serve` and like the module that our launcher calls; vLLM's log goes to stderr.
PARSER = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.utils.argparse_utils import FlexibleArgumentParser
for argv in json.load(sys.stdin):
    try:
        args = make_arg_parser(FlexibleArgumentParser()).parse_args(argv)
        validate_parsed_serve_args(args)
        print(json.dumps(vars(args), default=str))
    except SystemExit:
        print(json.dumps({"refused": True}))
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def config(model: str | Path = "Qwen/Qwen3-0.6B", **options: Any) -> ServerConfig:
    return ServerConfig(model=str(model), api_key="secret", cache_dir="cache", **options)


def vllm_reads(*argvs: list[str]) -> list[dict[str, Any]]:
    run = subprocess.run(
        [sys.executable, "-c", PARSER], input=json.dumps(argvs), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def check(read: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: read[name] for name in expected} == expected


def test_vllm_reads_the_command_as_it_was_meant(model: Path, tmp_path: Path) -> None:
    local = config(model, uds=tmp_path / "s", dtype="float32", max_queued=9, max_num_seqs=3).argv()
    no_adapters = config(model, port=9000, max_loras=0, max_model_len=512, kv_cache_bytes=1024**3).argv()
    gpus = config(device="gpu", tensor_parallel_size=4, host="::", max_cpu_loras=99).argv()
    assert local[:3] == [sys.executable, "-m", "inference.engine.launcher"]
    assert gpus[:3] == ["vllm", "serve", "Qwen/Qwen3-0.6B"]
    first, second, third, wrong = vllm_reads(local[3:], no_adapters[3:], gpus[2:], ["--no-such-flag"])
    assert wrong == {"refused": True}
    middleware = ["inference.engine.kept.KeepAdapters", "inference.engine.guard.Guard"]
    check(
        first,
        {
            "model": str(model),
            "served_model_name": ["colloquy"],
            "uds": str(tmp_path / "s"),
            "dtype": "float32",
            "load_format": "safetensors",
            "max_num_seqs": 3,
            "max_num_queued_reqs": 12,
            "kv_cache_memory_bytes": 256 * 1024**2,
            "enable_lora": True,
            "scheduling_policy": "priority",
            "middleware": middleware,
            "trust_remote_code": False,
        },
    )
    check(
        second,
        {
            "host": "127.0.0.1",
            "port": 9000,
            "uds": None,
            "enable_lora": None,
            "enforce_eager": True,
            "max_model_len": 512,
            "kv_cache_memory_bytes": 1024**3,
        },
    )
    check(
        third,
        {
            "model_tag": "Qwen/Qwen3-0.6B",
            "host": "::",
            "tensor_parallel_size": 4,
            "dtype": "bfloat16",
            "max_cpu_loras": 99,
            "kv_cache_memory_bytes": None,
            "max_model_len": -1,
            "middleware": middleware,
        },
    )


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_the_key_is_in_the_environment_and_nowhere_else(model: Path, device: Any) -> None:
    made = config(model, device=device)
    assert made.environment()["VLLM_API_KEY"] == "secret"
    assert "secret" not in " ".join(made.argv()) + repr(made)


def test_a_model_directory_is_served_without_asking_the_hub(model: Path) -> None:
    assert config(model).environment()["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in config("Qwen/Qwen3-0.6B").environment()


def test_the_program_is_found_and_its_caches_are_ours_from_any_directory(model: Path, tmp_path: Path) -> None:
    environment = config(model).environment()
    assert environment["VLLM_CACHE_ROOT"] == str(Path("cache/vllm").absolute())
    probe = [sys.executable, "-c", "import inference.engine.guard"]
    assert subprocess.run(probe, cwd=tmp_path, env=os.environ | environment, check=False).returncode == 0


def test_a_client_is_told_where_the_server_listens() -> None:
    assert config(uds="/run/e.sock").url == "unix:/run/e.sock"
    assert config(port=9000).url == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"uds": "/" + "x" * 200}, "too long for a Unix socket"),
        ({"tensor_parallel_size": 2}, "over GPUs"),
        ({"max_loras": 8, "max_cpu_loras": 4}, "max_cpu_loras is less"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        config(**options)


def test_no_server_is_without_a_key() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        ServerConfig(model="Qwen/Qwen3-0.6B", api_key="", cache_dir="cache")


def remove_config(model: Path) -> None:
    (model / "config.json").unlink()


def damage_config(model: Path) -> None:
    (model / "config.json").write_text("{")


def remove_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()


def add_auto_map(model: Path) -> None:
    (model / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "modeling.Model"}}))


def add_code(model: Path) -> None:
    (model / "modeling.py").write_text("print('owned')")


def add_pickle(model: Path) -> None:
    (model / "deeper").mkdir()
    (model / "deeper" / "pytorch_model.BIN").write_bytes(b"pickle")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (remove_config, "holds no config.json"),
        (damage_config, "config.json is damaged"),
        (remove_weights, "no weights in safetensors"),
        (add_auto_map, "auto_map"),
        (add_code, "holds modeling.py, which can run as code"),
        (add_pickle, "holds deeper/pytorch_model.BIN, which can run as code"),
    ],
)
def test_an_unsafe_or_damaged_model_is_not_served(model: Path, harm: Callable[[Path], None], sentence: str) -> None:
    config(model).argv()
    harm(model)
    with pytest.raises(InvalidModel, match=sentence):
        config(model).argv()


@pytest.mark.parametrize("missing", ["/nowhere/model", "./nowhere", "a/b/c"])
def test_a_missing_model_gets_a_sentence(missing: str) -> None:
    with pytest.raises(InvalidModel, match=f"no model directory .*{Path(missing).name}: set MODEL"):
        config(missing).argv()
