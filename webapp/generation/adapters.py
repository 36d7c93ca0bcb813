"""Adapters on the engine: a generation worker brings it to what the database says should be loaded there.

Who keeps the adapters registers a Shelf. Every LOOK_S each worker loads what is missing (also after the engine was
started again), tries it with one token, and unloads what is wanted no more once its last reply has ended. A reply that
meets an engine without its adapter has it loaded at once. To load twice does no harm, so workers need not agree.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from channels.db import database_sync_to_async

from inference.client import Client
from inference.errors import EngineBusy, EngineStalled, EngineUnavailable, InferenceError
from inference.messages import Message, Role, SamplingParams
from inference.versions import is_version

log = logging.getLogger(__name__)
LOOK_S = 1.0
LONGEST_PAUSE_S = 15.0  # between two looks at an engine that does not answer
TRIAL = ([Message(Role.USER, "Hello")], SamplingParams(max_tokens=1, temperature=0))


@dataclass(frozen=True, slots=True)
class Plan:
    """What an engine should hold, by the names that it serves: `wanted` with their directories, of which `untried` were
    not seen to answer yet; `leaving` is to be unloaded now."""

    wanted: dict[str, Path] = field(default_factory=dict)
    untried: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()


class Shelf(Protocol):
    """Each is one short look at the database."""

    def plan(self) -> Plan: ...

    def find(self, name: str) -> Path | None:
        """The directory of any adapter that is still kept, in service or not."""

    def note_loaded(self, name: str) -> None: ...

    def note_refused(self, name: str, words: str) -> None:
        """words: the engine's, as logs have them."""

    def note_unloaded(self, name: str) -> None: ...

    def note_held(self, name: str) -> None:
        """It was loaded for a reply."""


_shelves: list[Shelf] = []


def register(shelf: Shelf) -> None:
    _shelves.append(shelf)


async def keep(client: Client) -> None:
    """Goes on looking, less often while the engine does not answer."""
    pause = LOOK_S
    while True:
        try:
            for shelf in _shelves:
                await reconcile(client, shelf)
            pause = LOOK_S
        except InferenceError as error:
            log.debug("adapters: %s: %s", type(error).__name__, error)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        await asyncio.sleep(pause)


async def reconcile(client: Client, shelf: Shelf) -> None:
    """One look. Without adapters it asks the engine nothing. Raises InferenceError where that is away or busy."""
    plan = await database_sync_to_async(shelf.plan)()
    if not plan.wanted and not plan.leaving:
        return
    held = {card.id for card in await client.models()}
    for name in plan.wanted.keys() - plan.untried - held:
        await database_sync_to_async(shelf.note_unloaded)(name)  # the engine was started again
    for name, path in plan.wanted.items():
        if name not in held or name in plan.untried:
            await _bring(client, shelf, name, path)
    for name in plan.leaving:
        await client.unload_adapter(name)
        await database_sync_to_async(shelf.note_unloaded)(name)


async def load(client: Client, name: str) -> bool:
    """For a reply whose model the engine does not know. False where it is no adapter that is kept here, or the engine
    refuses it. Raises InferenceError where the engine is away."""
    for shelf in _shelves if is_version(name) else ():
        path = await database_sync_to_async(shelf.find)(name)
        if path is not None:
            loaded = await _load(client, shelf, name, path)
            if loaded:
                await database_sync_to_async(shelf.note_held)(name)
            return loaded
    return False


async def _bring(client: Client, shelf: Shelf, name: str, path: Path) -> None:
    if await _load(client, shelf, name, path):
        try:
            await client.complete(name, *TRIAL)
        except InferenceError as error:
            if error.retryable:
                raise
            await database_sync_to_async(shelf.note_refused)(name, str(error))
        else:
            await database_sync_to_async(shelf.note_loaded)(name)


async def _load(client: Client, shelf: Shelf, name: str, path: Path) -> bool:
    try:
        await client.load_adapter(name, str(path))
    except (EngineUnavailable, EngineBusy, EngineStalled):
        raise
    except InferenceError as error:  # vLLM says 500 of an adapter that it does not like
        await database_sync_to_async(shelf.note_refused)(name, str(error))
        return False
    return True
