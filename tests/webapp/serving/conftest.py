"""Adapters for the built-in model, checked and in the store; models that serve them; conversations that chose one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny_llama import write_adapter
from webapp.accounts.models import Team, User
from webapp.chat import services as chat
from webapp.chat.models import Conversation
from webapp.generation.models import Generation
from webapp.serving import admission, services
from webapp.serving.models import Adapter, NamedModel, Version

Make = Callable[..., Adapter]


@pytest.fixture(autouse=True)
def places(settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.ADAPTERS_DIR = tmp_path / "adapters"
    return tmp_path


@pytest.fixture
def adapter_files(settings, tmp_path: Path) -> Callable[..., Path]:
    """The directory of a random adapter for the built-in model; options change its configuration."""

    def write(seed: int = 1, **options) -> Path:
        return write_adapter(tmp_path / f"made-{seed}", settings.BUILTIN_MODEL, seed=seed, **options)

    return write


@pytest.fixture
def make_adapter(team: Team, alice: User, adapter_files) -> Make:
    """One that somebody uploaded, as it is once a worker has checked it."""

    def make(seed: int = 1, **options) -> Adapter:
        adapter = Adapter.objects.create(team=team, author=alice, name=f"adapter {seed}")
        adapter.upload.parent.mkdir(parents=True, exist_ok=True)
        adapter_files(seed, **options).rename(adapter.upload)
        admission.check(adapter)
        adapter.refresh_from_db()
        return adapter

    return make


@pytest.fixture
def model(team: Team) -> NamedModel:
    return services.create_model(team=team, name="Support", teams=[team])


def serve(model: NamedModel, adapter: Adapter, author: User, share: int = 100) -> Version:
    """In service as if an engine had it."""
    version = services.put_in_service(model=model, adapter=adapter, author=author, share=share)
    services.arrived(version)
    model.refresh_from_db()
    return version


def ask(author: User, model: NamedModel, text: str = "Hello there") -> Generation:
    """In a conversation of its own, where that model was chosen."""
    team = author.memberships.get().team
    conversation = chat.create_conversation(team=team, author=author, options={"model": model.slug})
    return reply_in(conversation, author, text)


def reply_in(conversation: Conversation, author: User, text: str = "And then?") -> Generation:
    question = chat.post_message(conversation=conversation, author=author, text=text)
    reply = question.children.get().generation
    assert reply
    return reply
