"""An adapter and its base become a full model by the command that a person would type."""

import json
from pathlib import Path

import pytest

from inference.models import check_model
from tests.webapp.people import client_of
from tests.webapp.serving.conftest import Make
from webapp.accounts.models import User
from webapp.serving import merging, services, tasks
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


def test_the_page_says_how_far_it_is_and_it_can_be_stopped(
    make_adapter: Make, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, adapter = client_of(anna), make_adapter()
    browser.post(f"{adapter.get_absolute_url()}merge/")
    page = browser.get(adapter.get_absolute_url()).content.decode()
    assert "It waits for a worker." in page
    monkeypatch.setattr(merging, "LOOK_S", 0.01)
    parts: list[object] = []

    def note(adapter: Adapter, **known: object) -> bool:
        """Stops it as soon as the command has begun its work."""
        held = noted(adapter, **known)
        parts.append(known["merge_part"])
        if held:
            page = browser.get(adapter.get_absolute_url()).content.decode()
            assert f"Step {known['merge_part']} of 3" in page
            browser.post(f"{adapter.get_absolute_url()}unmerge/")
        return held

    noted = merging._note
    monkeypatch.setattr(merging, "_note", note)
    tasks.check_what_waits()
    assert parts[:2] == [1, 1]
    adapter.refresh_from_db()
    assert adapter.merging == Merging.NOT
    assert [path for path in adapter.merged.parent.iterdir() if path.is_dir()] == []


def test_an_adapter_that_is_deleted_meanwhile_leaves_no_model(
    make_adapter: Make, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = make_adapter()
    services.merge(adapter)
    monkeypatch.setattr(merging, "_made", lambda adapter, partial: partial.mkdir() or (adapter.delete() and ""))
    place = Adapter.objects.get(pk=adapter.pk).merged.parent
    tasks.check_what_waits()
    assert [path for path in place.iterdir() if path.is_dir()] == []


def test_a_full_model_that_is_wanted_no_more_is_removed(make_adapter: Make, anna: User) -> None:
    adapter = merged(make_adapter(), anna)
    assert adapter.merged.is_dir()
    client_of(anna).post(f"{adapter.get_absolute_url()}unmerge/")
    tasks.forget_merged(str(adapter.pk))
    assert not adapter.merged.exists()
    assert "Merge into a full model" in client_of(anna).get(adapter.get_absolute_url()).content.decode()


def test_an_adapter_of_another_base_model_is_not_merged(make_adapter: Make, anna: User) -> None:
    adapter = make_adapter()
    Adapter.objects.update(base="000000000000", merging=Merging.WANTED)
    merging.merge(Adapter.objects.get(pk=adapter.pk))
    assert "another base model" in Adapter.objects.get().merge_problem
