"""What an evaluation asks: the rows of development files, worded as the product's pages word them."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inference import prompts
from inference.messages import REPEATS, Message, Role, SamplingParams
from training.data import find_file, read_rows

TRANSLATION = ("zh", "fr", "de", "es", "ja")
QUESTIONS = {"squad": ("qa_squad_en", "en"), "cmrc": ("qa_cmrc2018_zh", "zh")}
SENTIMENT = {"rt-polarity": "sent_rt-polarity_en", "pros-cons": "sent_pros-cons_en", "goemotions": "sent_goemotions_en"}
CORPORA = {
    "tatoeba zh-en": ("tr_tatoeba_en-zh", "translation"),
    "squad": ("qa_squad_en", "qa"),
    "cmrc": ("qa_cmrc2018_zh", "qa"),
    "chit-chat en": ("chat_chitchat_en", "chat"),
    "chit-chat zh": ("chat_chitchat_zh", "chat"),
    "dolly": ("chat_dolly_en", "chat"),
    "stories": ("text_tinystories_en", "story"),
    "encyclopaedia zh": ("text_zhwiki", "text"),
    "sentences": ("text_commonvoice", "text"),
}
"""name -> file without ".dev.jsonl" and kind (training/data.py), for the perplexity."""
SPOKEN = Path(__file__).parent / "configs" / "prompts.jsonl"
"""Forty conversations to read the replies to: {"messages": […]}, the last one of a person."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request and what would be a good reply: any of `wanted`; none where the text does not hold the answer."""

    messages: tuple[Message, ...]
    wanted: tuple[str, ...] = ()


TRANSLATING = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=128, repeats=REPEATS)
ANSWERING = replace(TRANSLATING, max_tokens=64)
JUDGING = replace(TRANSLATING, max_tokens=8, choices=prompts.SENTIMENTS)
TALKING = SamplingParams(seed=0, max_tokens=256, repeats=REPEATS)
"""As people chat: the model's own sampling."""


class Development:
    """The development files below DIRECTORIES, at most LIMIT probes of each kind, drawn by a fixed seed."""

    def __init__(self, directories: Sequence[Path], limit: int | None = None) -> None:
        self.directories = directories
        self.limit = limit

    def translation(self, language: str) -> dict[tuple[str, str], list[Probe]]:
        """(source, target) -> probes, between English and LANGUAGE."""
        found: dict[tuple[str, str], list[Probe]] = {("en", language): [], (language, "en"): []}
        for row in self._rows(f"tr_tatoeba_en-{language}"):
            source, target = row["src_lang"], row["tgt_lang"]
            messages = prompts.translate(row["src"], source=source, target=target)
            found[source, target].append(Probe(tuple(messages), tuple(row.get("refs") or [row["tgt"]])))
        return {direction: self._some(probes) for direction, probes in found.items()}

    def questions(self, name: str) -> tuple[list[Probe], list[Probe]]:
        """Questions that the passage answers, and as many that it does not: those of another passage where the file
        has too few of its own."""
        file, _ = QUESTIONS[name]
        rows = list(self._rows(file))
        answered = [row for row in rows if row["answers"]]
        open_ones = [row for row in rows if not row["answers"]]
        if len(open_ones) * 10 < len(answered):
            passages = list(dict.fromkeys(row["context"] for row in answered))
            after = dict(zip(passages, [*passages[1:], passages[0]], strict=True))
            open_ones = [{**row, "context": after[row["context"]], "answers": []} for row in answered]
        return self._some([_question(row) for row in answered]), self._some([_question(row) for row in open_ones])

    def sentiment(self, name: str) -> list[Probe]:
        rows = self._rows(SENTIMENT[name])
        return self._some([Probe(tuple(prompts.analyze(row["text"])), (row["label"],)) for row in rows])

    def _rows(self, file: str) -> Iterator[Any]:
        return (row for _, row in read_rows(find_file(f"{file}.dev.jsonl", self.directories)))

    def _some(self, probes: list[Probe]) -> list[Probe]:
        if self.limit is None or len(probes) <= self.limit:
            return probes
        return random.Random(0).sample(probes, self.limit)  # noqa: S311 (a sample, not secrets)


def spoken() -> list[tuple[Message, ...]]:
    lines = SPOKEN.read_text(encoding="utf-8").splitlines()
    return [_messages(json.loads(line)["messages"]) for line in lines]


def _messages(items: Sequence[Any]) -> tuple[Message, ...]:
    return tuple(Message(Role(item["role"]), item["content"]) for item in items)


def _question(row: Any) -> Probe:
    return Probe(tuple(prompts.ask(row["context"], row["question"])), tuple(row["answers"]))
