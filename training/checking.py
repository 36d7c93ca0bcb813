"""What is in files of examples, before a run reads them: formats, rows, languages, lengths, duplicates, noise, errors.

    python -m training check DATA…

Nothing is changed. An error is a line that a run would stop at, and is named by file and line.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training import quality
from training.data import parse_line, read_lines
from training.errors import DataError
from training.rows import Row, kind_of, texts_of

ERRORS_SHOWN = 20


@dataclass(slots=True)
class Findings:
    """Of one file. characters: of all texts of each row together; noise: rows by its reason."""

    file: str
    rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    characters: list[int] = field(default_factory=list)
    duplicates: int = 0
    noise: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        return {
            "file": self.file,
            "rows": self.rows,
            "kinds": dict(self.kinds),
            "languages": dict(self.languages.most_common()),
            "characters": percentiles(self.characters),
            "duplicates": self.duplicates,
            "noise": dict(self.noise),
            "errors": self.errors,
        }


def check(path: Path) -> Findings:
    """Read the whole file. Raises DataError only where there is no file to read."""
    findings, seen = Findings(path.name), set[str]()
    for line, text in read_lines(path):
        findings.rows += 1
        place = f"{path.name}, line {line}"
        try:
            _look_at(parse_line(text, path.name, line), findings, seen)
        except DataError as error:
            findings.errors.append(str(error))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            findings.errors.append(f"{place}: {error}.")
    return findings


def _look_at(row: Row, findings: Findings, seen: set[str]) -> None:
    kind = kind_of(row)
    if kind is None:
        raise ValueError(f"no known format has the fields {', '.join(row) or '(none)'}")
    texts = list(texts_of(row))
    findings.kinds[kind] += 1
    findings.languages.update({language or "?" for language, _ in texts})
    findings.characters.append(sum(len(text) for _, text in texts))
    findings.noise.update({reason for _, text in texts if (reason := quality.noise(text))})
    key = "\n".join(quality.fingerprint(text) for _, text in texts)
    findings.duplicates += key in seen
    seen.add(key)


def percentiles(values: Sequence[int]) -> dict[str, int]:
    """The least, the middle, the 95th of a hundred, the most."""
    ranked = sorted(values) or [0]
    return {name: ranked[round(share * (len(ranked) - 1))] for name, share in PERCENTILES.items()}


PERCENTILES = {"min": 0.0, "median": 0.5, "p95": 0.95, "max": 1.0}


def describe(found: Iterable[Findings]) -> str:
    return "\n".join(_describe(findings) for findings in found)


def _describe(findings: Findings) -> str:
    length = percentiles(findings.characters)
    lines = [
        f"{findings.file}: {findings.rows:,} rows",
        f"  formats     {_counts(findings.kinds)}",
        f"  languages   {_counts(findings.languages)}",
        f"  characters  {length['min']:,} to {length['max']:,}, median {length['median']:,}, 95% ≤ {length['p95']:,}",
        f"  duplicates  {findings.duplicates:,}",
        f"  noise       {_counts(findings.noise)}",
        *(f"  error: {error}" for error in findings.errors[:ERRORS_SHOWN]),
    ]
    more = len(findings.errors) - ERRORS_SHOWN
    return "\n".join([*lines, *([f"  … and {more:,} errors more"] if more > 0 else [])])


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common()) or "none"
