"""Starts the engine of a container: settings go through inference.server, and then this process is vLLM.

compose.yml runs it in our CPU image and, mounted, in vLLM's official one: so inference.server stays the only file that
knows vLLM's flags, and an engine in a container is started as `manage.py up` starts one.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.server import ROOT, ServerConfig

BUILTIN_MODEL = str(ROOT / "inference" / "builtin")


def main() -> None:
    try:
        config = ServerConfig(**options(os.environ))
        argv = config.argv()
    except ValueError as error:  # InvalidModel is one, too
        sys.exit(str(error))
    os.execvpe(argv[0], argv, os.environ | config.environment())  # noqa: S606


def options(env: Mapping[str, str]) -> dict[str, Any]:
    """ServerConfig's fields. Raises ValueError with a sentence that names the variable."""
    model = env.get("MODEL") or BUILTIN_MODEL
    gpus = [word for word in env.get("ENGINE_GPUS", "").split(",") if word.strip()]
    return {
        "model": model,
        "served_name": env.get("SERVED_MODEL") or ("colloquy" if model == BUILTIN_MODEL else Path(model).name),
        "api_key": env.get("INFERENCE_API_KEY", ""),
        "cache_dir": Path.home() / ".cache" / "colloquy",
        "device": env.get("DEVICE", "cpu"),
        "host": "0.0.0.0",  # noqa: S104  (its network is internal: see compose.yml)
        "port": number(env, "PORT") or 8000,
        "max_model_len": number(env, "CONTEXT_TOKENS") or None,
        "kv_cache_bytes": number(env, "KV_CACHE_MIB") * 1024**2 or None,
        "tensor_parallel_size": len(gpus) or 1,
    }


def number(env: Mapping[str, str], name: str) -> int:
    value = env.get(name, "").strip() or "0"
    if not value.isdecimal():
        raise ValueError(f"{name} is {value!r}; write a whole number, or leave it out.")
    return int(value)


if __name__ == "__main__":
    main()
