"""compose.yml as Docker Compose reads it: with the variables of an .env file in their places.

The syntax is https://docs.docker.com/reference/compose-file/interpolation/, as far as we use it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker" / "compose.yml"
ENV = {name: f"the-{name.lower()}" for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")} | {
    "INFERENCE_API_KEY": "the-engines-key"
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-+?])([^${}]*))?\}")

Service = dict[str, Any]


class NotSet(Exception):
    """str() is the variable's name."""


def services(**env: str) -> dict[str, Service]:
    """Every service by name, whatever its profile. Raises NotSet for a variable that must be set and is not."""
    found: dict[str, Service] = _fill(yaml.safe_load(FILE.read_text())["services"], ENV | env)
    for service in found.values():
        service["environment"] = _environment(service.get("environment", {}), ENV | env)
    return found


def networks() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())["networks"]
    return found


def variables() -> set[str]:
    """The names that compose.yml takes from .env."""
    passed_on = {
        name
        for service in yaml.safe_load(FILE.read_text())["services"].values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }
    return set(re.findall(r"\$\{(\w+)", FILE.read_text())) | passed_on


def _environment(given: Mapping[str, str | None], env: Mapping[str, str]) -> dict[str, str]:
    values = {name: env.get(name) if value is None else value for name, value in given.items()}
    return {name: value for name, value in values.items() if value is not None}


def _fill(node: Any, env: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, env) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, env) for value in node]
    return _fill_text(node, env) if isinstance(node, str) else node


def _fill_text(text: str, env: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        found = env.get(name, "")
        if operator == "?" and not found:
            raise NotSet(name)
        if operator == "+":
            return word if found else ""
        return found or (word or "")

    while (filled := _VARIABLE.sub(value, text)) != text:  # the innermost first
        text = filled
    return text.replace("$$", "$")
