"""Rows as the model will see them: their tokens, those that are learned, what does not fit. No PyTorch."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from inference.sentences import pack, said
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
    return (see(row, tokenizer, shape, max_length=max_length) for row in rows)


def see(row: Row, tokenizer: PreTrainedTokenizerBase, shape: str, *, max_length: int | None) -> dict[str, Any]:
    """{"tokens": [[text, learned 0 or 1], …], "length": n, "cut": bool}. A character whose bytes are spread over
    several tokens stands with the last of them. Raises ValueError."""
    rendered = render_lesson(parse(row, shape), tokenizer)
    texts = _texts(rendered.input_ids[:max_length].tolist(), tokenizer)
    return {
        "tokens": [[text, int(learned)] for text, learned in zip(texts, rendered.learned, strict=False)],
        "length": len(rendered),
        "cut": max_length is not None and len(rendered) > max_length,
    }


def measure(row: Row, tokenizer: PreTrainedTokenizerBase, shape: str, *, max_length: int | None) -> dict[str, int]:
    """{"length": n, "learned": n, "cut": n}, in tokens; cut are those that do not fit. Raises ValueError."""
    rendered = render_lesson(parse(row, shape), tokenizer)
    over = 0 if max_length is None else max(0, len(rendered) - max_length)
    return {"length": len(rendered), "learned": int(rendered.learned.sum()), "cut": over}


def answers(lines: Iterable[str], seen: Callable[[Row], dict[str, Any]]) -> Iterator[str]:
    """To each line, a JSON list of rows, a line with a JSON list of what is `seen` of them: {"problem": a packed
    Sentence} of a row that cannot be."""
    for line in lines:
        yield json.dumps([_attempt(row, seen) for row in json.loads(line)])


def _attempt(row: Row, seen: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    try:
        return seen(row)
    except ValueError as error:
        return {"problem": pack(said(error))}


def survey(rows: Iterable[Row], tokenizer: PreTrainedTokenizerBase, shape: str, *, max_length: int) -> dict[str, Any]:
    """What all of them come to. `lengths`: [upper bound in tokens, rows]."""
    lengths: Counter[int] = Counter()
    count, tokens, learned, cut_rows, cut_tokens = 0, 0, 0, 0, 0
    for row in rows:
        found = measure(row, tokenizer, shape, max_length=max_length)
        count, tokens, learned = count + 1, tokens + found["length"], learned + found["learned"]
        cut_rows, cut_tokens = cut_rows + bool(found["cut"]), cut_tokens + found["cut"]
        lengths[1 << (found["length"] - 1).bit_length()] += 1
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
