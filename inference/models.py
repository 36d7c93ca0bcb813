"""Which models may be served: a directory of safetensors without code, or a model hub's name."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_SAMPLE_BYTES = 1024**2
_CODE_OR_PICKLE = {".py", ".bin", ".pkl", ".pickle", ".pt", ".pth", ".ckpt"}


class InvalidModel(ValueError):
    """str() is a sentence for whoever runs the product."""


def is_local(model: str) -> bool:
    """Whether `model` means a directory; otherwise it is a hub's name, such as Qwen/Qwen3-0.6B."""
    return Path(model).exists() or not _HUB_NAME.fullmatch(model)


def check_model(model: str) -> None:
    """Raises InvalidModel for a directory that is missing, incomplete, or holds anything that could run as code.

    A hub's name is not looked up: vLLM does that, without trust_remote_code and for safetensors only.
    """
    if not is_local(model):
        return
    path = Path(model)
    if not path.is_dir():
        raise InvalidModel(
            f"There is no model directory {path}: set MODEL to one, or to a name such as Qwen/Qwen3-0.6B."
        )
    if not (path / "config.json").is_file():
        raise InvalidModel(f"{path} is no model directory: it holds no config.json.")
    _refuse_code(path)
    if not any(path.glob("*.safetensors")):
        raise InvalidModel(f"{path} holds no weights in safetensors, the only format that is served.")


def weigh(model: str) -> int:
    """Bytes of the weights in a model directory; 0 when they are not here."""
    return sum(file.stat().st_size for file in Path(model).glob("*.safetensors")) if is_local(model) else 0


@cache
def version_of(model: str) -> str:
    """Twelve digits that tell this model directory from others: of the run that made it, else of its weights, of which
    large ones are read at their ends only. Empty for a hub's name, and where there are none. Read once a process."""
    path = Path(model)
    if not is_local(model) or not path.is_dir():
        return ""
    run, seen = path / "run.json", hashlib.sha256()
    if run.is_file():
        return hashlib.sha256(run.read_bytes()).hexdigest()[:12]
    for file in (weights := sorted(path.glob("*.safetensors"))):
        seen.update(f"{file.name} {file.stat().st_size}".encode())
        with file.open("rb") as content:
            seen.update(content.read(_SAMPLE_BYTES))
            content.seek(max(0, file.stat().st_size - _SAMPLE_BYTES))
            seen.update(content.read())
    return seen.hexdigest()[:12] if weights else ""


@cache
def context_of(model: str) -> int | None:
    """Tokens that a model directory's configuration allows for prompt and reply; None where it cannot be read."""
    try:
        found = _read(Path(model) / "config.json").get("max_position_embeddings")
    except (OSError, InvalidModel):
        return None
    return found if isinstance(found, int) else None


def _refuse_code(path: Path) -> None:
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in _CODE_OR_PICKLE:
            raise InvalidModel(
                f"{path} holds {file.relative_to(path)}, which can run as code: a model is served from safetensors, "
                "JSON and text files only. Remove it, or convert the weights to safetensors."
            )
    for file in sorted(path.glob("*.json")):
        if "auto_map" in _read(file):
            raise InvalidModel(f"{file} has an auto_map, which would run the model's own code: that is not served.")


def _read(file: Path) -> dict[str, object]:
    if file.stat().st_size > 16 * 1024**2:  # a tokenizer, not a configuration
        return {}
    try:
        content = json.loads(file.read_text())
    except ValueError as exc:
        raise InvalidModel(f"{file} is damaged: {exc}.") from exc
    return content if isinstance(content, dict) else {}
