"""What a model makes of the rows that it did not learn from: its loss, its replies, and what those are worth."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from training import scoring
from training.lessons import Lesson
from training.rendering import IGNORE, Rendered
from training.transcripts import prompt_text, render_lesson

BATCH_TOKENS = 4096
LONGEST_REPLY = 200  # tokens
MOST_MEASURED = 500  # rows


@dataclass(frozen=True, slots=True)
class Measured:
    """A held-out row: as tokens, with its reply or the better one; and with the worse one of a pair."""

    lesson: Lesson
    good: Rendered
    bad: Rendered | None = None


def prepare(lessons: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase, *, max_length: int) -> list[Measured]:
    """Rows of which something is left to learn when they are cut."""
    found = []
    for lesson in lessons[:MOST_MEASURED]:
        good = cut(render_lesson(lesson, tokenizer), max_length)
        bad = None
        if lesson.rejected:
            worse = Lesson(lesson.prompt, lesson.rejected, last_only=True)
            bad = cut(render_lesson(worse, tokenizer), max_length)
        if good.learned.any():
            found.append(Measured(lesson, good, bad))
    return found


def cut(rendered: Rendered, max_length: int) -> Rendered:
    return Rendered(rendered.input_ids[:max_length], rendered.learned[:max_length])


@torch.no_grad()
def loss(model: Any, rows: Sequence[Measured], *, pad: int, autocast: bool) -> float:
    """Mean loss (nats) of a learned token, over all rows. What was disliked is not counted."""
    good = [row.good for row in rows if row.lesson.liked]
    total, count = 0.0, 0
    for ids, labels in _batches(good, pad):
        sums, counts = _losses(model, ids, labels, autocast=autocast)
        total, count = total + float(sums.sum()), count + int(counts.sum())
    return total / max(1, count)


def _batches(rows: Sequence[Rendered], pad: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """ids and labels [rows, tokens], rows of like length together."""
    ordered = sorted(rows, key=len)
    some: list[Rendered] = []
    for row in [*ordered, None]:
        if some and (row is None or (len(some) + 1) * len(row) > BATCH_TOKENS):
            width = max(map(len, some))
            ids = torch.full((len(some), width), pad)
            labels = torch.full((len(some), width), IGNORE)
            for i, one in enumerate(some):
                known = torch.from_numpy(one.input_ids.astype("int64"))
                ids[i, : len(one)] = known
                labels[i, : len(one)] = torch.where(torch.from_numpy(one.learned), known, IGNORE)
            yield ids, labels
            some = []
        if row is not None:
            some.append(row)


def _losses(
    model: Any, ids: torch.Tensor, labels: torch.Tensor, *, autocast: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed loss and learned tokens of each row. Padding stands at the end, where causal attention never looks."""
    ids, labels = ids.to(model.device), labels.to(model.device)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=autocast):
        logits = model(input_ids=ids, use_cache=False).logits
    targets = labels[:, 1:]
    each = functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), targets, ignore_index=IGNORE, reduction="none"
    )
    return each.sum(1), (targets != IGNORE).sum(1)


@torch.no_grad()
def replies(model: Any, tokenizer: PreTrainedTokenizerBase, lessons: Sequence[Lesson], *, autocast: bool) -> list[str]:
    """The likeliest reply to each prompt, token by token."""
    texts = [prompt_text(lesson.prompt, tokenizer) for lesson in lessons]
    found: list[str] = []
    size, side = 8, tokenizer.padding_side
    tokenizer.padding_side = "left"
    try:
        for start in range(0, len(texts), size):
            asked = tokenizer(texts[start : start + size], return_tensors="pt", padding=True, add_special_tokens=False)
            asked = {name: asked[name].to(model.device) for name in ("input_ids", "attention_mask")}
            with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=autocast):
                written = model.generate(
                    **asked,
                    max_new_tokens=LONGEST_REPLY,
                    do_sample=False,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                    pad_token_id=tokenizer.pad_token_id,
                )
            new = written[:, asked["input_ids"].shape[1] :]
            found += [str(text).strip() for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
    finally:
        tokenizer.padding_side = side
    return found


def worth(lessons: Sequence[Lesson], said: Sequence[str], *, mean_loss: float | None) -> dict[str, float]:
    """loss and perplexity, where the loss is known, and what the replies of each task score: chrf, f1, accuracy."""
    found: dict[str, float] = {}
    if mean_loss is not None:
        found = {"loss": round(mean_loss, 4), "perplexity": round(math.exp(min(mean_loss, 30)), 3)}
    by_task: dict[str, list[tuple[Lesson, str]]] = {}
    for lesson, reply in zip(lessons, said, strict=True):
        if lesson.liked:
            by_task.setdefault(lesson.task, []).append((lesson, reply))
    if pairs := by_task.get("translate"):
        targets = {lesson.target for lesson, _ in pairs}
        target = targets.pop().partition("-")[0] if len(targets) == 1 else ""
        wanted = [[lesson.reply] for lesson, _ in pairs]
        found["chrf"] = scoring.translation([reply for _, reply in pairs], wanted, target=target)["chrf"]
    if pairs := by_task.get("ask"):
        wanted = [[lesson.reply] for lesson, _ in pairs]
        found["f1"] = scoring.answers([reply for _, reply in pairs], wanted, language=_language(pairs))["f1"]
    if pairs := by_task.get("analyze"):
        labels = [lesson.reply.strip() for lesson, _ in pairs]
        found["accuracy"] = scoring.classification([reply for _, reply in pairs], labels)["accuracy"]
    return found


def _language(pairs: Sequence[tuple[Lesson, str]]) -> str:
    """Whether words are parted by spaces is all that counts."""
    text = "".join(lesson.reply for lesson, _ in pairs)
    return "zh" if sum("\u3400" <= character <= "\u9fff" for character in text) * 3 > len(text) else "en"
