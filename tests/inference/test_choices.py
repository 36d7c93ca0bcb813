"""Replies that are one of a few words, and how probable each of them was."""

import math

import pytest

from inference.choices import probabilities
from inference.client import Client
from inference.fake import Fake
from inference.messages import Message, Role, SamplingParams, TokenLogprob
from inference.prompts import SENTIMENTS, analyze
from tests.engine import Engine

PARAMS = SamplingParams(temperature=0, max_tokens=8, choices=SENTIMENTS, logprobs=20)


def token(text: str, **candidates: float) -> TokenLogprob:
    top = tuple((name, math.log(value)) for name, value in candidates.items())
    return TokenLogprob(text, dict(top)[text], top)


def test_choices_of_one_token_have_its_probabilities() -> None:
    found = probabilities(("yes", "no"), [token("yes", yes=0.75, no=0.25)])
    assert found == pytest.approx({"yes": 0.75, "no": 0.25})


def test_choices_that_begin_alike_are_told_apart_where_they_part() -> None:
    path = [token("ne", ne=0.6, p=0.4), token("ut", ut=0.7, g=0.3), token("ral", ral=1.0)]
    assert probabilities(SENTIMENTS, path) == pytest.approx({"positive": 0.4, "neutral": 0.42, "negative": 0.18})


def test_choices_that_begin_alike_and_unlike_the_reply_share_what_is_left() -> None:
    path = [token("p", p=0.8, ne=0.2), token("os", os=1.0)]
    assert probabilities(SENTIMENTS, path) == pytest.approx({"positive": 0.8, "neutral": 0.1, "negative": 0.1})


def test_several_ways_to_write_one_choice_count_together() -> None:
    found = probabilities(("yes", "no"), [token("y", y=0.3, yes=0.3, n=0.4)])
    assert found == pytest.approx({"yes": 0.6, "no": 0.4})


def test_a_server_that_does_not_hold_itself_to_the_choices_is_read_too() -> None:
    said = TokenLogprob(
        " Positive", math.log(0.5), ((" Positive", math.log(0.5)), ("The", math.log(0.3)), ("negative", math.log(0.2)))
    )
    found = probabilities(SENTIMENTS, [said, TokenLogprob(".", 0.0)])
    assert found == pytest.approx({"positive": 5 / 7, "neutral": 0, "negative": 2 / 7})


def test_a_reply_that_is_none_of_the_choices_has_no_probabilities() -> None:
    assert probabilities(SENTIMENTS, [token("Well", Well=0.9, positive=0.1)]) is None
    assert probabilities(SENTIMENTS, []) is None


@pytest.mark.asyncio
async def test_the_fake_holds_itself_to_the_choices_and_tells_how_probable_they_are() -> None:
    async with Fake() as fake, Client(fake.url) as client:
        deltas = [delta async for delta in client.stream("colloquy", analyze("A negative view"), PARAMS)]
        assert fake.stats.last_request["structured_outputs"] == {"choice": list(SENTIMENTS)}
    assert "".join(delta.text for delta in deltas) == "negative"
    found = probabilities(SENTIMENTS, [logprob for delta in deltas for logprob in delta.logprobs])
    assert found == pytest.approx({"positive": 0.1, "neutral": 0.1, "negative": 0.8})


@pytest.mark.asyncio
async def test_a_plain_server_is_asked_for_probabilities_but_not_held_to_choices() -> None:
    async with Fake(strict=True) as fake, Client(fake.url, plain=True) as client:
        deltas = [delta async for delta in client.stream("colloquy", [Message(Role.USER, "positive")], PARAMS)]
        assert "structured_outputs" not in fake.stats.last_request
    assert sum(len(delta.logprobs) for delta in deltas) > 0


@pytest.mark.asyncio
async def test_the_engine_serves_one_of_the_choices_with_probabilities(engine: Engine, real: Client) -> None:
    for text in (
        "I love it, thank you so much!",
        "It broke on the first day and nobody answers.",
        "质量很好，非常满意。",
    ):
        deltas = [delta async for delta in real.stream(engine.model, analyze(text), PARAMS)]
        assert "".join(delta.text for delta in deltas) in SENTIMENTS
        found = probabilities(SENTIMENTS, [logprob for delta in deltas for logprob in delta.logprobs])
        assert found is not None
        assert sum(found.values()) == pytest.approx(1)
        assert all(0 <= share <= 1 for share in found.values())
        print(text, found, [(t.token, round(t.logprob, 2), t.top[:6]) for d in deltas for t in d.logprobs])
