"""Fetches MODEL from a model hub into the directory that engines and training read. They reach no hub themselves.

Only safetensors, configuration and text are fetched, never code or pickle. What is there is not fetched again, and what
is not whole or not safe never gets there. HF_TOKEN and HF_ENDPOINT are the hub client's own variables
(https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
"""

import os
import shutil
import sys
from pathlib import Path

import httpx2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from inference.models import InvalidModel, check_model

SERVED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]


def main() -> None:
    name, place = os.environ.get("MODEL", "").strip(), Path(os.environ.get("MODELS", "/models"))
    if not name:
        print("The built-in model is served: nothing to fetch.")
    elif (place / name / "config.json").is_file():
        print(f"{name} is there.")
    else:
        try:
            fetch(name, place)
        except InvalidModel as error:
            sys.exit(str(error))
        except (HfHubHTTPError, HFValidationError, httpx2.HTTPError, OSError) as error:
            sys.exit(f"{name} cannot be fetched: {str(error).splitlines()[0]}\n{ADVICE}")
        print(f"{name} is fetched.")


ADVICE = (
    "MODEL is the name of a model on the hub, such as Qwen/Qwen3-0.6B, or of a directory in MODELS_DIR. "
    "A model that asks for consent also needs HF_TOKEN, and a mirror of the hub HF_ENDPOINT."
)


def fetch(name: str, place: Path) -> None:
    """Raises InvalidModel for one that is not served, and what the hub's client raises."""
    incoming = place / ".incoming" / name  # an interrupted download goes on from here
    snapshot_download(name, local_dir=incoming, allow_patterns=SERVED)
    shutil.rmtree(incoming / ".cache", ignore_errors=True)
    check_model(str(incoming))
    target = place / name
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming.rename(target)


if __name__ == "__main__":
    main()
