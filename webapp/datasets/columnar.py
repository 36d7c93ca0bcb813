"""Parquet files, a batch of rows at a time (Apache Parquet, by way of pyarrow)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapp.datasets.files import Bad, Item, Record, Unusable, flaw
from webapp.datasets.separated import named
from webapp.lib.sentences import Sentence

BATCH = 200  # rows
LARGEST_GROUP = 2 * 1024**3  # bytes, unpacked: a group of rows is what has to be in memory at once, column by column


def rows(path: Path, name: str) -> Iterator[Item]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            _check(file)
            size, total, number = path.stat().st_size, max(1, file.metadata.num_rows), 0
            for batch in file.iter_batches(BATCH):
                for found in batch.to_pylist():
                    number += 1
                    yield Item(number, _record(found), size * number // total)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise Unusable(Sentence("The Parquet file is damaged or cut off: %(reason)s", reason=reason)) from error


def _check(file: Any) -> None:
    named(list(file.schema_arrow.names))
    groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
    if groups and max(groups) > LARGEST_GROUP:
        raise Unusable(
            Sentence("A row group of the file is larger than 2 GB unpacked. Write it with smaller row groups.")
        )


def _record(found: Record) -> Record | Bad:
    plain = {key: _plain(value) for key, value in found.items()}
    if reason := flaw(str(plain)):
        return Bad(reason)
    if "\x00" in repr(plain):
        return Bad(Sentence("It holds a NUL character, which is no text."))
    return plain


def _plain(value: Any) -> Any:
    """As JSON has it; bytes and times as text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
