"""Names of adapters: of their files, and of a version at an engine (`slug@<first 12 digits of its SHA-256>`)."""

import re

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}@[0-9a-f]{12}")


def version_name(slug: str, sha256: str) -> str:
    """The name under which an engine serves a version. Raises ValueError for a slug that is not [a-z0-9-]."""
    if not _SLUG.fullmatch(slug) or not _DIGEST.fullmatch(sha256):
        raise ValueError(f"{slug!r} and {sha256!r} make no adapter's name: a slug has only a-z, 0-9 and hyphens.")
    return f"{slug}@{sha256[:12]}"


def is_version(name: str) -> bool:
    """Whether it is such a name, and so no base model's."""
    return "@" in name and _VERSION.fullmatch(name) is not None
