"""Compiles locale/*/LC_MESSAGES/django.po without the gettext programs, which a fresh machine may lack."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po


def compile_all(locale: Path) -> None:
    """Writes each catalogue's .mo beside its .po where it is older or missing. Raises ValueError for a broken .po."""
    for source in locale.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        try:
            with source.open("rb") as text:
                catalogue = read_po(text, locale=source.parts[-3], abort_invalid=True)
        except PoFileError as error:
            raise ValueError(f"{source} is broken: {error}.") from None
        partial = target.with_suffix(f".{os.getpid()}.mo")  # several processes may compile at once
        with partial.open("wb") as binary:
            write_mo(binary, catalogue)
        partial.replace(target)
