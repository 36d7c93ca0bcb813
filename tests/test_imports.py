"""What loads a package pays for nothing that it does not need; asked of a fresh process. `inference` has its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINE = {"torch", "vllm", "transformers", "peft", "safetensors"}


def loaded_by(statements: str) -> set[str]:
    """The top-level packages that a process holds after these."""
    code = f"{statements}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["training", "training.config", "training.data", "training.progress"])
def test_training_loads_torch_only_where_it_computes(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert "training" in loaded
    assert not loaded & (ENGINE | {"django", "webapp"})


@pytest.mark.parametrize("module", ["webapp.asgi", "webapp.celery", "webapp.generation.worker"])
def test_the_web_application_loads_no_engine(module: str) -> None:
    loaded = loaded_by(f"import django; django.setup(); import {module}")
    assert {"webapp", "django", "inference"} <= loaded
    assert not loaded & ENGINE


def test_a_worker_that_sees_rows_as_the_model_will_loads_no_engine() -> None:
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy!"}]}
    sees = f"from webapp.datasets.sight import Sight\nwith Sight('supervised') as eyes: eyes.lengths([{row}])\n"
    assert not loaded_by(f"import django; django.setup(); import webapp.celery\n{sees}import sys") & (
        ENGINE | {"tokenizers"}
    )


def test_who_looks_at_rows_loads_no_torch(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy!"}]}')
    words = ["-X", "importtime", "-m", "training", "look", str(file), "--base", "inference/builtin"]
    run = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert {"transformers", "tokenizers"} <= modules
    assert not {module for module in modules if module.partition(".")[0] == "torch"}
