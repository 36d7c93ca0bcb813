"""A file to learn from, and a run so small that it ends in seconds."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile

from webapp.accounts.models import Team, User
from webapp.runs import checking, services, uploads
from webapp.runs.models import Corpus, TrainingRun

WORDS = ("the fox and the hen", "a river runs by the mill", "snow fell on the hill", "bread and salt and tea")
TEXT = "\n\n".join(f"{WORDS[i % 4]} {WORDS[i // 4 % 4]} number {i}." for i in range(400))


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


Upload = Callable[..., Corpus]


@pytest.fixture
def upload(team: Team, alice: User) -> Upload:
    """A file as it is once it was checked."""

    def add(content: str | bytes = TEXT, name: str = "tales.txt") -> Corpus:
        data = content.encode() if isinstance(content, str) else content
        file = InMemoryUploadedFile(BytesIO(data), "file", name, "text/plain", len(data), None)
        corpus = uploads.add_corpus(team=team, author=alice, file=file)
        checking.check(corpus)
        return corpus

    return add


def small(config: dict, steps: int) -> dict:
    """The same with a model of two narrow layers that learns for so many steps."""
    stage = {key: value for key, value in config["stages"][0].items() if key != "max_minutes"}
    shape = {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 1}
    return {
        **config,
        "model": {**config["model"], **shape, "num_key_value_heads": 1},
        "stages": [{**stage, "max_steps": steps}],
        "batch_tokens": 512,
        "log_every": 1,
        "evaluate_every": 5,
        "save_minutes": 0,
    }


@pytest.fixture
def run(team: Team, alice: User, upload: Upload) -> TrainingRun:
    corpus = upload()
    config = uploads.configuration("tiny", [corpus], minutes=1, seed=0)
    return services.create_run(team=team, author=alice, name="Tales", config=small(config, 10), corpora=[corpus])
