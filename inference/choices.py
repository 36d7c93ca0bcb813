"""How probable each of a few possible replies was, by the log-probabilities of the tokens of the one that was given."""

import math
from collections.abc import Iterator, Sequence

from inference.messages import TokenLogprob


def probabilities(choices: Sequence[str], tokens: Sequence[TokenLogprob]) -> dict[str, float] | None:
    """choice -> probability, together 1; None where the reply was none of them, or nothing was told of its tokens.

    Every token is weighed against the candidates in its place that some choice may still begin with, so that a server
    which does not hold itself to the choices is read too. What another candidate would have led to is known only as far
    as it begins: choices that begin alike, and not like the reply, share its probability evenly.
    """
    found = dict.fromkeys(choices, 0.0)
    written, weight = "", 1.0
    for token in tokens:
        shares = dict(_shares(written, token, choices))
        own = shares.pop(token.token, 0.0)
        for candidate, share in shares.items():
            _give(found, _possible(written + candidate, choices), weight * share)
        written, weight = written + token.token, weight * own
        possible = _possible(written, choices)
        if len(possible) < 2:
            break
    _give(found, _possible(written, choices) if tokens else [], weight)
    total = sum(found.values())
    return {choice: share / total for choice, share in found.items()} if total and _possible(written, choices) else None


def _shares(written: str, token: TokenLogprob, choices: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Each candidate that may lead to a choice, with its share of their probability."""
    candidates = {**dict(token.top), token.token: token.logprob}
    fit = {text: math.exp(value) for text, value in candidates.items() if _possible(written + text, choices)}
    total = sum(fit.values())
    for text, value in fit.items():
        yield text, value / total if total else 0.0


def _possible(text: str, choices: Sequence[str]) -> list[str]:
    begun = text.strip().lower()
    return [c for c in choices if c.lower().startswith(begun) or begun.rstrip(".!").startswith(c.lower())]


def _give(found: dict[str, float], possible: list[str], weight: float) -> None:
    for choice in possible:
        found[choice] += weight / len(possible)
