"""Why an engine refused an adapter is said in sentences of ours where the reason is known, else in a quotation."""

import asyncio
from pathlib import Path

import pytest

from inference.client import Client
from inference.errors import InferenceError
from inference.versions import WEIGHTS
from tests.engine import Engine
from tests.tiny_llama import write_model
from tests.webapp import chinese
from tests.webapp.serving.conftest import Make
from webapp.accounts.models import User
from webapp.lib.sentences import Sentence
from webapp.serving import refusals, services
from webapp.serving.files import directory
from webapp.serving.models import NamedModel, Version
from webapp.serving.shelf import Shelf

pytestmark = pytest.mark.django_db
AROUND = "500: Call to add_lora method failed: "  # as vLLM 0.32 and inference.errors say it


@pytest.fixture
def version(model: NamedModel, make_adapter: Make, alice: User) -> Version:
    return services.put_in_service(model=model, adapter=make_adapter(), author=alice)


@pytest.fixture
def place(version: Version) -> Path:
    return directory(version.adapter.sha256)


def refused(version: Version, words: str) -> str:
    Shelf().note_refused(version.engine_name, words)
    version.refresh_from_db()
    return version.problem


def test_a_rank_that_an_engine_elsewhere_does_not_serve_is_told_in_our_words(version: Version) -> None:
    said = refused(version, f"{AROUND}LoRA rank 8 is greater than max_lora_rank 4.")

    assert said == "Its rank is 8, and 4 is the most that is served: train it with less."
    assert chinese.english_in(said) == []


def test_a_limit_that_was_lowered_since_is_told_in_our_words(version: Version, settings) -> None:
    settings.MAX_LORA_RANK = 4

    assert refused(version, "500: whatever") == "Its rank is 8, and 4 is the most that is served: train it with less."


def test_an_adapter_for_another_base_is_told_in_our_words(version: Version, settings, tmp_path: Path) -> None:
    settings.MODEL = str(write_model(tmp_path / "other", seed=2))
    said = refused(version, f"{AROUND}The size of tensor a (256) must match the size of tensor b (128)")

    assert said.startswith("It was made for another base model: it changes a model.layers.")
    assert chinese.english_in(said) == []


def test_files_that_changed_since_they_were_checked_are_told_in_our_words(version: Version, place: Path) -> None:
    (place / WEIGHTS).chmod(0o600)
    (place / WEIGHTS).write_bytes((place / WEIGHTS).read_bytes()[:-100])

    assert refused(version, f"{AROUND}Error while deserializing header: incomplete metadata") == refusals.CHANGED


def test_an_engine_that_does_not_see_the_files_is_told_of_as_that(version: Version, place: Path) -> None:
    assert refused(version, f"404: No adapter found for {place}") == refusals.UNSEEN


def test_what_is_not_known_is_quoted_within_a_sentence_of_ours(
    version: Version, place: Path, model: NamedModel, alice: User
) -> None:
    said = refused(version, f"{AROUND}cannot allocate 3 cups of {place}/tea: {'long ' * 100}")

    assert isinstance(said, Sentence)
    assert said.template == "It says: “%(words)s”."
    assert said.values["words"].startswith("cannot allocate 3 cups of …/tea: long long")
    assert len(said) < 320
    page = chinese.page(alice, model.get_absolute_url())
    assert "“cannot allocate 3 cups of …/tea" in page
    assert "It says" not in page
    assert "Call to add_lora" not in page


def words_of(engine: Engine, place: Path) -> str:
    async def load() -> None:
        async with Client(engine.url, engine.api_key) as client:
            await client.load_adapter("tea@0", str(place))

    with pytest.raises(InferenceError) as refusal:
        asyncio.run(load())
    return str(refusal.value)


def test_what_vllm_says_is_known(
    engine: Engine, model: NamedModel, make_adapter: Make, alice: User, settings, tmp_path: Path
) -> None:
    settings.MAX_LORA_RANK = 128  # higher than the engine's
    version = services.put_in_service(model=model, adapter=make_adapter(rank=128), author=alice)
    place = directory(version.adapter.sha256)

    said = refused(version, words_of(engine, place))
    assert said == "Its rank is 128, and 64 is the most that is served: train it with less."
    assert refused(version, words_of(engine, tmp_path / "elsewhere")) == refusals.UNSEEN
