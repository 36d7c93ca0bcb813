"""A row that the model cannot be shown is told with the reason, in the words of whoever reads it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.webapp import chinese
from tests.webapp.datasets.conftest import Make, talk
from webapp.accounts.models import User
from webapp.datasets import jobs, looking, services
from webapp.datasets.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def strict_model(settings, tmp_path: Path) -> None:
    """A model in service whose chat template wants no conversation at all."""
    place = tmp_path / "strict"
    place.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        shutil.copy(Path(settings.BUILTIN_MODEL, name), place / name)
    config = json.loads((place / "tokenizer_config.json").read_text())
    config["chat_template"] = "{{ raise_exception('No talk') }}"
    (place / "tokenizer_config.json").write_text(json.dumps(config))
    settings.MODEL = str(place)


def test_a_template_that_refuses_a_row_is_quoted_to_each_reader(make: Make, alice: User, strict_model: None) -> None:
    dataset = make([talk("May I talk to you?", "You may.")])
    services.start(dataset, Job.INSPECT)
    jobs.work(str(dataset.pk))
    looking.look(dataset.pk, 1, 512)

    refused = "模型的对话模板不接受它：No talk"
    assert refused in chinese.page(alice, f"/datasets/{dataset.pk}/rows/")
    assert refused in chinese.page(alice, f"/datasets/{dataset.pk}/rows/1/tokens/?max_length=512&asks=1")
