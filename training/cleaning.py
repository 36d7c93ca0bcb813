"""Files of examples -> the same files without what is not worth learning. Nothing is dropped without being counted.

    python -m training clean DATA… --out DIR

Rows are normalised, then dropped for the first of these reasons: not usable (with file and line), too short, too long,
noise, not in the language that it names, the same as an earlier row, nearly the same as an earlier row. Earlier rows
are those of all files, in the order they are given. Beside the files comes report.json.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from training import quality
from training.data import parse_line, read_lines
from training.errors import DataError
from training.rows import Row, gist_of, kind_of, texts_of, with_texts

DROPPED_LINES = 20
"""Places named in the report for each reason."""


@dataclass(frozen=True, slots=True)
class Limits:
    """characters: of all texts of a row together; near: Jaccard similarity of near-duplicates, None to keep them."""

    min_characters: int = 2
    max_characters: int = 20_000
    near: float | None = 0.85
    languages: tuple[str, ...] = ("de", "en", "es", "fr", "ja", "zh")


@dataclass(slots=True)
class Report:
    """rows = kept + the sum of dropped; changed: rows that normalisation changed; where: some lines for each reason."""

    file: str
    rows: int = 0
    kept: int = 0
    changed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    where: dict[str, list[int]] = field(default_factory=dict)

    def summary(self) -> dict[str, object]:
        names = [field.name for field in fields(self)]
        return {name: getattr(self, name) for name in names} | {"dropped": dict(self.dropped.most_common())}

    def drop(self, reason: str, line: int) -> None:
        self.dropped[reason] += 1
        places = self.where.setdefault(reason, [])
        if len(places) < DROPPED_LINES:
            places.append(line)


class Cleaner:
    """Remembers what it has kept, over all files."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._languages = quality.Languages(limits.languages)
        self._near = quality.NearDuplicates(limits.near) if limits.near else None
        self._exact: set[str] = set()

    def reason_against(self, row: Row) -> str | None:
        """Why a normalised row is dropped; None, and the row is remembered, where it is kept."""
        texts = list(texts_of(row))
        length = sum(len(text) for _, text in texts)
        if length < self.limits.min_characters:
            return "too short"
        if length > self.limits.max_characters:
            return "too long"
        for language, text in texts:
            if found := quality.noise(text):
                return found
            if self._languages.contradicts(text, language):
                return "in another language"
        return self._seen(row, texts)

    def _seen(self, row: Row, texts: Sequence[tuple[str, str]]) -> str | None:
        exact = "\n".join(quality.fingerprint(text) for _, text in texts) + str(row.get("label", ""))
        if exact in self._exact:
            return "duplicate"
        if self._near and not self._near.is_new(gist_of(row)):
            return "near duplicate"
        self._exact.add(exact)
        return None


def clean(paths: Sequence[Path], out: Path, limits: Limits) -> list[Report]:
    """Write OUT/NAME.jsonl for each of PATHS, and OUT/report.json. Raises DataError where a file cannot be read."""
    out.mkdir(parents=True, exist_ok=True)
    cleaner, reports = Cleaner(limits), []
    for path in paths:
        target = out / path.name.removesuffix(".xz")
        if target.resolve() == path.resolve():
            raise DataError(f"{path.name} would be overwritten: choose another --out.")
        with target.open("w", encoding="utf-8") as file:
            reports.append(_clean_file(path, cleaner, file.write))
    text = json.dumps([report.summary() for report in reports], ensure_ascii=False, indent=2)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    return reports


def _clean_file(path: Path, cleaner: Cleaner, write: Callable[[str], object]) -> Report:
    report = Report(path.name)
    for line, text in read_lines(path):
        report.rows += 1
        row, cleaned, reason = _judge(text, cleaner)
        if reason:
            report.drop(reason, line)
            continue
        report.kept += 1
        report.changed += cleaned != row
        write(json.dumps(cleaned, ensure_ascii=False) + "\n")
    return report


def _judge(line: bytes, cleaner: Cleaner) -> tuple[Row, Row, str | None]:
    """(row as it was, row as it is kept, why it is not kept)"""
    try:
        row = parse_line(line, "", 0)
        if kind_of(row) is None:
            return row, row, "not in a known format"
        cleaned = with_texts(row, quality.normalise)
        return row, cleaned, cleaner.reason_against(cleaned)
    except DataError:
        return {}, {}, "not a JSON object"
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}, {}, "not usable"


def describe(reports: Iterable[Report]) -> str:
    """A line per file, and one per reason."""
    lines = []
    for report in reports:
        lines.append(f"{report.file}: {report.kept:,} of {report.rows:,} rows kept, {report.changed:,} of them changed")
        lines += [f"  {count:>9,} {reason}" for reason, count in report.dropped.most_common()]
    return "\n".join(lines)
