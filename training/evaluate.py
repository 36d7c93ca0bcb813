"""How good a model is, measured through vLLM as its users get it.

    python -m training evaluate MODEL --corpus DIR

Starts the engine on MODEL (inference/server.py), asks it everything in training/probes.py with inference.client, writes
evaluation.json beside the weights and the table between the marks in MODEL_CARD.md, and prints the forty replies.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from transformers import PreTrainedTokenizerFast

from inference.client import Client
from inference.errors import InferenceError
from inference.messages import Completion, FinishReason, Message, Priority, SamplingParams
from inference.prompts import NOT_IN_TEXT
from inference.server import ServerConfig
from training import probes, scoring
from training.card import Results, table, with_table
from training.config import SourceConfig
from training.data import load_examples
from training.probes import Development, Probe
from training.rendering import Rendered, render_all
from training.serving import AT_ONCE, PATIENCE_S, engine


def evaluate(model: Path, corpus: Path, *, limit: int | None = None) -> Results:
    """limit: at most so many requests of each kind. Raises TrainingError where the engine does not start."""
    with engine(model) as config:
        results = asyncio.run(_measure(config, model, Development([corpus], limit)))
    (model / "evaluation.json").write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    card = model / "MODEL_CARD.md"
    text = card.read_text(encoding="utf-8") if card.exists() else ""
    card.write_text(with_table(text, table(results)), encoding="utf-8")
    return results


async def _measure(config: ServerConfig, model: Path, development: Development) -> Results:
    async with Client(config.url, config.api_key, stall_timeout_s=PATIENCE_S) as client:
        asker = Asker(client, config.served_name)
        talk, replies = await _talk(asker)
        return {
            "translation": await _translation(asker, development),
            "qa": await _questions(asker, development),
            "sentiment": await _sentiment(asker, development),
            "chat": talk,
            "perplexity": await _perplexity(config, model, development),
            "replies": replies,
            "limit": development.limit,
        }


class Asker:
    """Asks many things at once, in order."""

    def __init__(self, client: Client, model: str) -> None:
        self._client, self._model = client, model
        self._places = asyncio.Semaphore(AT_ONCE)

    async def ask(self, asked: Sequence[Sequence[Message]], params: SamplingParams) -> list[Completion]:
        return await asyncio.gather(*(self._one(messages, params) for messages in asked))

    async def texts(self, asked: Sequence[Probe], params: SamplingParams) -> list[str]:
        return [reply.text.strip() for reply in await self.ask([probe.messages for probe in asked], params)]

    async def _one(self, messages: Sequence[Message], params: SamplingParams) -> Completion:
        async with self._places:
            return await self._client.complete(self._model, messages, params, priority=Priority.BATCH)


async def _translation(asker: Asker, development: Development) -> Results:
    results = {}
    for language in probes.TRANSLATION:
        for (source, target), asked in development.translation(language).items():
            replies = await asker.texts(asked, probes.TRANSLATING)
            references = [probe.wanted for probe in asked]
            results[f"{source}-{target}"] = scoring.translation(replies, references, target=target)
    return results


async def _questions(asker: Asker, development: Development) -> Results:
    results = {}
    for name, (_, language) in probes.QUESTIONS.items():
        answered, open_ones = development.questions(name)
        replies = await asker.texts(answered, probes.ANSWERING)
        refusals = await asker.texts(open_ones, probes.ANSWERING)
        results[name] = {
            **scoring.answers(replies, [probe.wanted for probe in answered], language=language),
            "refused": _share_refused(refusals, language),
            "refused_wrongly": _share_refused(replies, language),
        }
    return results


def _share_refused(replies: Sequence[str], language: str) -> float:
    return round(100 * sum(reply == NOT_IN_TEXT[language] for reply in replies) / max(1, len(replies)), 1)


async def _sentiment(asker: Asker, development: Development) -> Results:
    results = {}
    for name in probes.SENTIMENT:
        asked = development.sentiment(name)
        replies = await asker.texts(asked, probes.JUDGING)
        results[name] = scoring.classification(replies, [probe.wanted[0] for probe in asked])
    return results


async def _talk(asker: Asker) -> tuple[Results, list[Results]]:
    spoken = probes.spoken()
    found = await asker.ask(spoken, probes.TALKING)
    cut_off = sum(reply.finish_reason is FinishReason.LENGTH for reply in found)
    replies = [
        {"messages": [[message.role.value, message.content] for message in messages], "reply": reply.text}
        for messages, reply in zip(spoken, found, strict=True)
    ]
    return scoring.talk([reply.text for reply in found], cut_off=cut_off), replies


async def _perplexity(config: ServerConfig, model: Path, development: Development) -> Results:
    """By corpus: exp of the mean loss (nats) of a learned token."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
    results = {}
    async with _session(config) as session:
        for name, (file, kind) in probes.CORPORA.items():
            source = SourceConfig.model_validate({"file": f"{file}.dev.jsonl", "kind": kind, "max_examples": 200})
            examples = load_examples(source, development.directories, seed=0)[: development.limit]
            places = asyncio.Semaphore(AT_ONCE)
            rows = [row for row in render_all(examples, tokenizer) if len(row) <= source.max_tokens]
            losses = await asyncio.gather(*(_losses(session, places, config.served_name, row) for row in rows))
            every = [loss for some in losses for loss in some]
            results[name] = {"perplexity": round(math.exp(sum(every) / max(1, len(every))), 2), "tokens": len(every)}
    return results


@asynccontextmanager
async def _session(config: ServerConfig) -> AsyncIterator[aiohttp.ClientSession]:
    """For vLLM's own field prompt_logprobs, which inference.client does not ask for."""
    connector = aiohttp.UnixConnector(str(config.uds), limit=0)
    headers = {"Authorization": f"Bearer {config.api_key}"}
    async with aiohttp.ClientSession("http://engine", connector=connector, headers=headers) as session:
        yield session


async def _losses(session: aiohttp.ClientSession, places: asyncio.Semaphore, model: str, row: Rendered) -> list[float]:
    """Nats of every learned token."""
    ids = row.input_ids.tolist()
    body = {"model": model, "prompt": ids, "max_tokens": 1, "prompt_logprobs": 0, "add_special_tokens": False}
    async with places, session.post("/v1/completions", json=body) as response:
        if response.status != 200:
            raise InferenceError(f"no log-probabilities: {(await response.text())[:300]}")
        found = (await response.json())["choices"][0]["prompt_logprobs"]
    pairs = zip(ids, found, row.learned, strict=True)
    return [-values[str(token)]["logprob"] for token, values, learned in pairs if learned]
