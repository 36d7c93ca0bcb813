"""Rows as the model will see them: their tokens, those that are learned, what does not fit. No PyTorch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from training.lessons import parse
from training.transcripts import render_lesson

Row = Mapping[str, Any]


def load(base: Path) -> PreTrainedTokenizerBase:
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    if tokenizer.pad_token_id is None:  # padding is never looked at: any token does
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def look(
    rows: Iterable[Row], tokenizer: PreTrainedTokenizerBase, shape: str, *, max_length: int | None
) -> Iterator[dict[str, Any]]:
    """{"tokens": [[text, learned 0 or 1], …], "length": n, "cut": bool} of each row. A character whose bytes are spread
    over several tokens stands with the last of them."""
    for row in rows:
        lesson = parse(row, shape)
        rendered = render_lesson(lesson, tokenizer)
        shown = rendered.input_ids[:max_length].tolist()
        texts = _texts(shown, tokenizer)
        yield {
            "tokens": [[text, int(learned)] for text, learned in zip(texts, rendered.learned, strict=False)],
            "length": len(rendered),
            "cut": max_length is not None and len(rendered) > max_length,
        }


def survey(rows: Iterable[Row], tokenizer: PreTrainedTokenizerBase, shape: str, *, max_length: int) -> dict[str, Any]:
    """What all of them come to. `lengths`: [upper bound in tokens, rows]."""
    lengths: Counter[int] = Counter()
    count, tokens, learned, cut_rows, cut_tokens = 0, 0, 0, 0, 0
    for row in rows:
        rendered = render_lesson(parse(row, shape), tokenizer)
        count, tokens, learned = count + 1, tokens + len(rendered), learned + int(rendered.learned.sum())
        over = max(0, len(rendered) - max_length)
        cut_rows, cut_tokens = cut_rows + bool(over), cut_tokens + over
        lengths[1 << (len(rendered) - 1).bit_length()] += 1
    return {
        "rows": count,
        "tokens": tokens,
        "learned_tokens": learned,
        "lengths": [list(item) for item in sorted(lengths.items())],
        "cut_rows": cut_rows,
        "cut_tokens": cut_tokens,
    }


def _texts(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> list[str]:
    found, done = [], ""
    for i in range(1, len(ids) + 1):
        window = ids[max(0, i - 8) : i]  # no character is spread over more
        before = str(tokenizer.decode(window[:-1]))
        text = str(tokenizer.decode(window))
        complete = not text.endswith("\ufffd")
        piece = text[len(before.rstrip("\ufffd")) :] if complete else ""
        found.append(piece)
        done += piece
    return found
