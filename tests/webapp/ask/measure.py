"""How well the sentences are found on which an answer stands, on SQuAD and CMRC 2018's development questions.

    python -m tests.webapp.ask.measure DIRECTORY

DIRECTORY holds qa_squad_en.dev.jsonl.xz and qa_cmrc2018_zh.dev.jsonl.xz: {"context", "question", "answers"} a line. The
gold sentence is the one that holds an answer; where several hold it, it is one of them, and that is counted apart. Each
answer is tried as it is, in a sentence such as a model writes, and without its middle word, as a model that does not
quote; and each passage among forty others, of which a model of 1,024 tokens reads an excerpt.
"""

import json
import lzma
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from inference.prompts import is_chinese
from webapp.ask import excerpt
from webapp.ask.support import Index, squeezed


@dataclass
class Count:
    sure: int = 0
    found: int = 0
    shown: int = 0

    def add(self, gold: set[int], lit: set[int]) -> None:
        self.sure += 1
        self.found += bool(gold & lit)
        self.shown += len(lit)

    def __str__(self) -> str:
        return f"{self.found / self.sure:.1%} of {self.sure}, {self.shown / self.sure:.2f} sentences an answer"


def worded(answer: str, way: str) -> str:
    if way == "in a sentence":
        return f"文中提到，答案是{answer}。" if is_chinese(answer) else f"According to the text it was {answer}."
    if way == "not quoted":
        middle = len(answer) // 2
        return f"{answer[: middle - 1]}的{answer[middle + 1 :]}" if is_chinese(answer) else loosely(answer.split())
    return answer


MIDDLE = re.compile(r"\S+ \S+ \S|[\u3400-\u9fff]{5}")  # answers that have one


def loosely(words: list[str]) -> str:
    return " ".join([*words[: len(words) // 2], "something", *words[len(words) // 2 + 1 :]])


def gold_of(index: Index, answer: str) -> set[int]:
    return {n for n, plain in enumerate(index.plain) if squeezed(answer) and squeezed(answer) in plain}


def measure(rows: list[dict], way: str) -> tuple[Count, Count]:
    """Where the gold sentence is certain, and where it is one of several."""
    certain, several = Count(), Count()
    for row in rows:
        index, answer = Index(row["context"]), row["answers"][0]
        if way == "not quoted" and not MIDDLE.search(answer):
            continue
        if gold := gold_of(index, answer):
            lit = set(index.support(row["question"], worded(answer, way)).sentences)
            (certain if len(gold) == 1 else several).add(gold, lit)
    return certain, several


def measure_excerpts(rows: list[dict]) -> str:
    """How often an excerpt holds an answer that only one sentence of the long passage holds."""
    sure = kept = 0
    contexts = list(dict.fromkeys(row["context"] for row in rows))
    for number, row in enumerate(rows):
        others = [contexts[(number * 7 + step) % len(contexts)] for step in range(40)]
        others[number % 40] = row["context"]
        index = Index("\n\n".join(others))
        if len(gold_of(index, row["answers"][0])) == 1:
            part = excerpt.read(index.text, excerpt.closest(index, row["question"], 700))
            sure, kept = sure + 1, kept + (squeezed(row["answers"][0]) in squeezed(part))
    return f"{kept / sure:.1%} of {sure}"


def questions(file: Path) -> list[dict]:
    with lzma.open(file, "rt") as lines:
        return [row for row in map(json.loads, lines) if row["answers"]]


def measure_others(rows: list[dict]) -> str:
    """How often an answer to a question about another passage points somewhere: the less, the better."""
    pairs = [(row, rows[at - 50]) for at, row in enumerate(rows)]
    apart = [(row, other["answers"][0]) for row, other in pairs if row["context"] != other["context"]]
    lit = sum(bool(Index(row["context"]).support(row["question"], answer).sentences) for row, answer in apart)
    return f"{lit / len(apart):.1%} of {len(apart)}"


if __name__ == "__main__":
    for name in ("qa_squad_en", "qa_cmrc2018_zh"):
        rows = questions(Path(sys.argv[1]) / f"{name}.dev.jsonl.xz")
        for way in ("as it is", "in a sentence", "not quoted"):
            began = time.process_time()
            certain, several = measure(rows, way)
            took = (time.process_time() - began) / len(rows) * 1000
            print(f"{name}, {way}: {certain}; several: {several}; {took:.1f} ms")
        print(f"{name}, another passage's answers that point somewhere: {measure_others(rows)}")
        print(f"{name}, excerpts that hold the answer: {measure_excerpts(rows[:200])}")
