"""`inference` is light: what loads it pays for no Django, no torch, no vLLM."""

import subprocess
import sys

import pytest

MODULES = ("inference", "inference.client", "inference.fake", "inference.server", "inference.adapters")
HEAVY = {"django", "torch", "vllm", "transformers", "peft"}


@pytest.mark.parametrize("module", MODULES)
def test_it_loads_without_django_torch_or_vllm(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert module.partition(".")[0] in run.stdout.split()
    assert not HEAVY & set(run.stdout.split())
