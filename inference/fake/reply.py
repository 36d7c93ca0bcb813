"""One scripted reply as the bytes that a generation server would send."""

import math
import random
import re
import time
from typing import Any

import msgspec

from .script import Script

# A word with the space before it, or one Chinese or Japanese character: joined they give the text back.
_TOKEN = re.compile(r"\s*[\u3000-\u9fff\uff00-\uffef]|\s*[^\s\u3000-\u9fff\uff00-\uffef]+|\s+")
_WORDS = ("the", "fake", "answers", "with", "words", "that", "mean", "nothing", "but", "take", "long", "to", "read")
KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"


def encode_event(value: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def count_tokens(messages: list[dict[str, Any]]) -> int:
    """A role counts for one token."""
    return sum(1 + len(_TOKEN.findall(_content(message))) for message in messages)


def _content(message: dict[str, Any]) -> str:
    """The text of a message, also where it is a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _asked(messages: list[dict[str, Any]]) -> str:
    return next((_content(m) for m in reversed(messages) if m.get("role") == "user"), "")


def weigh(asked: str, choices: list[str]) -> dict[str, float]:
    """How probable each choice is: most of all one that stands in the last paragraph; without one, chance decides."""
    words = asked.rsplit("\n\n", 1)[-1]
    named = [choice for choice in choices if choice in words]
    favourite = named[0] if named else random.Random(asked).choice(choices)  # noqa: S311
    rest = 0.2 / max(1, len(choices) - 1)
    return {choice: 0.8 if choice == favourite else rest for choice in choices}


def _write(messages: list[dict[str, Any]], script: Script, seed: int) -> str:
    asked = _asked(messages)
    told = next((reply for ending, reply in script.replies.items() if asked.endswith(ending)), script.text)
    if told is not None:
        return told
    if script.tokens is not None:
        return " ".join(random.Random(f"{seed} {asked}").choices(_WORDS, k=script.tokens))  # noqa: S311
    return f"You wrote: {asked}"


def _looped(tokens: list[str], *, max_pattern_size: int = 0, min_count: int = 2) -> int | None:
    """After how many tokens the last few stand there `min_count` times in a row."""
    for end in range(len(tokens) + 1):
        for size in range(1, min(max_pattern_size, end // min_count) + 1):
            if tokens[end - size * min_count : end] == tokens[end - size : end] * min_count:
                return end
    return None


class Reply:
    """tokens: what is to be sent. A continued message's text is not sent again."""

    def __init__(self, body: dict[str, Any], script: Script, seed: int, build: str | None = None):
        messages = body["messages"]
        choices = (body.get("structured_outputs") or {}).get("choice") or []
        self._weights = weigh(_asked(messages), choices) if choices else {}
        text = max(self._weights, key=self._weights.__getitem__) if choices else _write(messages, script, seed)
        tokens = [text] if choices else _TOKEN.findall(text)[: script.tokens]
        self._told = body.get("top_logprobs", 0) if body.get("logprobs") else None
        if body.get("continue_final_message"):
            tokens = _TOKEN.findall("".join(tokens).removeprefix(_content(messages[-1])))
        self.tokens: list[str] = tokens[: body.get("max_tokens")]
        self._reason = "stop" if len(self.tokens) == len(tokens) else "length"
        if end := _looped(self.tokens, **body.get("repetition_detection") or {}):
            self.tokens, self._reason = self.tokens[:end], "repetition"
        self._usage = {"prompt_tokens": count_tokens(messages), "completion_tokens": len(self.tokens)}
        self._usage["total_tokens"] = sum(self._usage.values())
        self._count = (body.get("stream_options") or {}).get("include_usage", False)
        self._head = {"id": f"chatcmpl-{id(self):x}", "created": int(time.time()), "model": body["model"]}
        if build:
            self._head["system_fingerprint"] = build
        head = msgspec.json.encode(self._head | {"object": "chat.completion.chunk"})
        self._before_token = b"data: " + head[:-1] + b',"choices":[{"index":0,"delta":{"content":'

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""}, None)

    def events(self, start: int, count: int) -> bytes:
        """One event for each of `count` tokens."""
        if self._told is not None:
            return b"".join(self._weighed(token) for token in self.tokens[start : start + count])
        after = b'},"finish_reason":null}]}\n\n'
        encode = msgspec.json.encode
        return b"".join(self._before_token + encode(token) + after for token in self.tokens[start : start + count])

    def _weighed(self, token: str) -> bytes:
        """With the probabilities of the choices; a token of any other reply is certain."""
        weights = self._weights or {token: 1.0}
        top = sorted(weights.items(), key=lambda pair: -pair[1])[: self._told]
        told = [{"token": name, "logprob": math.log(weight)} for name, weight in top]
        content = [{"token": token, "logprob": math.log(weights.get(token, 1.0)), "top_logprobs": told}]
        choice = {"index": 0, "delta": {"content": token}, "logprobs": {"content": content}, "finish_reason": None}
        return encode_event(self._head | {"object": "chat.completion.chunk", "choices": [choice]})

    def closing(self) -> bytes:
        usage = self._head | {"object": "chat.completion.chunk", "choices": [], "usage": self._usage}
        return self._chunk({"content": ""}, self._reason) + (encode_event(usage) if self._count else b"") + DONE

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(self.tokens)}
        choice = {"index": 0, "message": message, "finish_reason": self._reason}
        return self._head | {"object": "chat.completion", "choices": [choice], "usage": self._usage}

    def _chunk(self, delta: dict[str, str], reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return encode_event(self._head | {"object": "chat.completion.chunk", "choices": [choice]})
