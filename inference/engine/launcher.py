"""The engine on a CPU: import vLLM once, and fork its second process from the first.

    python -m inference.engine.launcher --model DIR --uds SOCKET …      vLLM's own flags, which inference.server writes

On a CPU vLLM would start each of its processes anew, and each would import PyTorch, transformers and vLLM again: that
is nearly all of its start-up time. With VLLM_ENABLE_V1_MULTIPROCESSING=0 there are two processes: the API server, and
the engine core, which runs the model itself. Here the second is forked from the first when all is imported, so it also
shares that memory, and our LoRA (cpulora) is in both. Never for GPUs: CUDA does not survive a fork.
"""

import argparse
import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    os.umask(0o077)  # a Unix socket is its owner's alone
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--uds", type=Path)
    if path := parser.parse_known_args()[0].uds:
        clear_socket(path)
    prepare_fork()
    from vllm.entrypoints.launchers.api_server.entry import main as serve

    serve()


def clear_socket(path: Path) -> None:
    """Remove the socket that a killed engine left behind. Exits when somebody listens there, or it is a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    if not path.is_socket():
        sys.exit(f"{path} is no socket: remove it, or choose another place for the engine's socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    sys.exit(f"An engine is listening on {path} already: stop it first, or choose another socket.")


def prepare_fork() -> None:
    """Import what both processes need, and change vLLM in the three places that stand between us and a fork."""
    os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "fork"
    import vllm.v1.attention.backends.cpu_attn
    import vllm.v1.engine.async_llm
    import vllm.v1.engine.core
    import vllm.v1.worker.cpu_worker  # noqa: F401
    from vllm.model_executor.models import registry
    from vllm.platforms.cpu import CpuPlatform

    from inference.engine import cpulora

    cpulora.register()
    _keep_fork(CpuPlatform)
    # It looks at a model's class in a process of its own, lest CUDA be initialised (9 s for nothing on a CPU).
    registry._run_in_subprocess = lambda fn: fn()
    os.register_at_fork(after_in_child=_die_with_parent)


def _keep_fork(platform: type) -> None:
    """The CPU platform sets the method to spawn while it checks the configuration: set it back."""
    check = platform.check_and_update_config  # type: ignore[attr-defined]

    def check_and_fork(cls: type, config: object) -> None:
        check(config)
        os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "fork"

    platform.check_and_update_config = classmethod(check_and_fork)  # type: ignore[attr-defined]


def _die_with_parent() -> None:
    """A killed API server would leave an engine core that holds the model's memory and serves nobody (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
