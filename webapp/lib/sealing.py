"""Secrets that the database keeps and that must be read again (other people's API keys), encrypted at rest.

Fernet (AES-128-CBC with HMAC-SHA256, https://github.com/fernet/spec), because django.core.signing signs but hides
nothing. Its key is derived from SECRET_KEY; with SECRET_KEY_FALLBACKS what was sealed under an earlier one still opens.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Sealed under a SECRET_KEY that is not ours any more, or damaged."""


def seal(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """What was sealed; empty for what is empty. Raises Unreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise Unreadable from None


def _box() -> MultiFernet:
    return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _box_of(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"colloquy sealing").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
