"""Which of the models that a team made answer people, and under which name."""

from pathlib import Path

import pytest
from django.utils import timezone

from tests.webapp.people import client_of
from webapp.accounts.models import Team, User
from webapp.datasets import consent
from webapp.datasets.models import Contribution, Dataset, Shape
from webapp.datasets.models import Version as Frozen
from webapp.runs.models import Command, Event, Status, TrainingRun
from webapp.serving.models import Adapter, NamedModel, Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(team: Team, settings, tmp_path: Path) -> TrainingRun:
    settings.DATA_DIR = tmp_path
    run = TrainingRun.objects.create(
        team=team,
        name="Greetings",
        command=Command.FINETUNE,
        config={"method": "lora"},
        status=Status.DONE,
        finished_at=timezone.now(),
    )
    models = {"base": {"loss": 4.892}, "this": {"loss": 0.048}}
    Event.objects.create(run=run, kind="compared", values={"models": models})
    return run


def test_an_adapter_says_how_it_did_and_that_it_does_not_serve_yet(taught: TrainingRun, alice: User) -> None:
    page = client_of(alice).get("/models/").content.decode()

    assert "ready to serve" in page
    assert "4.892" in page
    assert "0.048" in page


def test_an_adapter_in_service_names_where_it_serves(taught: TrainingRun, team: Team, alice: User) -> None:
    adapter = Adapter.objects.create(team=team, run=taught, name="Greetings")
    named = NamedModel.objects.create(team=team, name="Harbour desk", slug="harbour-desk")
    named.current = Version.objects.create(model=named, number=1, adapter=adapter)
    named.save()

    page = client_of(alice).get("/models/").content.decode()

    assert f'<a href="{named.get_absolute_url()}">Harbour desk</a>' in page
    assert "ready to serve" not in page


def test_a_model_from_scratch_that_the_engine_was_started_with_is_in_service(
    taught: TrainingRun, alice: User, settings
) -> None:
    TrainingRun.objects.update(command=Command.PRETRAIN, config={})
    taught.refresh_from_db()
    settings.MODEL = str(taught.result)

    assert "ready to serve" not in client_of(alice).get("/models/").content.decode()


def test_a_model_that_learnt_from_somebody_who_withdrew_consent_is_marked(
    taught: TrainingRun, team: Team, alice: User, bob: User
) -> None:
    member = bob.memberships.get(team=team)
    consent.agree(member)
    dataset = Dataset.objects.create(team=team, author=alice, name="Teas", source="upload")
    taught.version = Frozen.objects.create(dataset=dataset, number=1, shape=Shape.SUPERVISED, rows=9, held_out=1)
    taught.save()
    Contribution.objects.create(version=taught.version, person=bob, rows=3)
    assert "onsent" not in client_of(alice).get("/models/").content.decode()

    consent.withdraw(member)
    page = client_of(alice).get("/models/").content.decode()
    assert "Consent withdrawn" in page
    sentence = "It learnt from rows of somebody who has withdrawn their consent since."
    assert sentence in page
    assert sentence in client_of(alice).get(f"/runs/{taught.pk}/").content.decode()


def test_many_models_are_marked_without_a_query_each(
    taught: TrainingRun, team: Team, alice: User, django_assert_max_num_queries
) -> None:
    dataset = Dataset.objects.create(team=team, author=alice, name="Teas", source="upload")
    about = {"dataset": dataset, "shape": Shape.SUPERVISED, "rows": 9, "held_out": 1}
    versions = Frozen.objects.bulk_create(Frozen(number=n, **about) for n in range(15))
    done = {"team": team, "config": {}, "status": Status.DONE, "finished_at": timezone.now()}
    TrainingRun.objects.bulk_create(TrainingRun(name=f"run {v.number}", version=v, **done) for v in versions)

    browser = client_of(alice)

    with django_assert_max_num_queries(14):
        assert browser.get("/models/").content.decode().count("<article") == 16
