"""Files as people bring them, read as a worker reads them."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile

from webapp.accounts.models import Team, User
from webapp.datasets import reading, services
from webapp.datasets.models import Dataset, Job, Review, Row, Shape, Source, Status
from webapp.datasets.reading import copy_rows

Bring = Callable[..., Dataset]
Make = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def bring(team: Team, alice: User) -> Bring:
    """A dataset as it is once its file was read; nothing further is done with it."""

    def add(content: str | bytes, name: str = "data.jsonl") -> Dataset:
        data = content.encode() if isinstance(content, str) else content
        file = InMemoryUploadedFile(BytesIO(data), "file", name, "text/plain", len(data), None)
        dataset = services.add_dataset(team=team, author=alice, file=file)
        reading.read(dataset)
        dataset.refresh_from_db()
        return dataset

    return add


def jsonl(*rows: object) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def talk(question: str, answer: object) -> dict:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


@pytest.fixture
def make(team: Team, alice: User) -> Make:
    """A dataset that is ready, with such rows, all accepted."""

    def made(rows: list[dict], shape: Shape = Shape.SUPERVISED, **fields: object) -> Dataset:
        about = {"name": "Teas", "source": Source.UPLOAD, "status": Status.READY, "job": Job.NONE, **fields}
        dataset = Dataset.objects.create(team=team, author=alice, shape=shape, **about)
        copy_rows(dataset, (Row(number=n, values=v, review=Review.ACCEPTED) for n, v in enumerate(rows, start=1)))
        return dataset

    return made
