"""An adapter and its base become a full model by the command that a person would type."""

import json
from pathlib import Path

import pytest

from inference.models import check_model
from tests.webapp.people import client_of
from tests.webapp.serving.conftest import Make
from webapp.accounts.models import User
from webapp.serving import merging, tasks
from webapp.serving.admission import store
from webapp.serving.models import Adapter, Merging

pytestmark = pytest.mark.django_db


def merged(adapter: Adapter, anna: User) -> Adapter:
    client_of(anna).post(f"{adapter.get_absolute_url()}merge/")
    assert Adapter.objects.get().merging == Merging.WANTED
    tasks.check_what_waits()
    return Adapter.objects.get()


def test_a_full_model_is_made_that_can_be_served_and_downloaded(make_adapter: Make, anna: User, settings) -> None:
    adapter = merged(make_adapter(), anna)
    assert adapter.merge_problem == ""
    assert adapter.merging == Merging.DONE
    check_model(str(adapter.merged))
    record = json.loads((adapter.merged / "run.json").read_text())
    assert record["adapter"]["name"] == adapter.sha256
    ours = (adapter.merged / "model.safetensors").read_bytes()
    assert ours != (settings.BUILTIN_MODEL / "model.safetensors").read_bytes()
    assert [path.name for path in adapter.merged.parent.iterdir() if path.is_dir()] == [str(adapter.pk)]
    page = client_of(anna).get(adapter.get_absolute_url()).content.decode()
    assert "The full model is ready." in page
    response = client_of(anna).get(f"{adapter.get_absolute_url()}model.zip")
    assert response.status_code == 200


def test_what_goes_wrong_is_told_and_can_be_tried_again(make_adapter: Make, anna: User) -> None:
    adapter = make_adapter()
    place: Path = store().path(adapter.sha256)
    place.chmod(0o755)
    (place / "adapter_model.safetensors").unlink()
    adapter = merged(adapter, anna)
    assert adapter.merging == Merging.FAILED
    assert adapter.merge_problem
    assert "Merging failed:" in client_of(anna).get(adapter.get_absolute_url()).content.decode()
    assert not adapter.merged.exists()
    assert merged(adapter, anna).merging == Merging.FAILED


def test_an_adapter_of_another_base_model_is_not_merged(make_adapter: Make, anna: User) -> None:
    adapter = make_adapter()
    Adapter.objects.update(base="000000000000", merging=Merging.WANTED)
    merging.merge(Adapter.objects.get(pk=adapter.pk))
    assert "another base model" in Adapter.objects.get().merge_problem
