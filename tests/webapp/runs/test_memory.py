"""A size that will not fit into the memory of the machine that trains is refused before it starts."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import psutil
import pynvml
import pytest
import redis
from django.conf import settings as product
from django.test import Client
from django.utils import timezone

from tests.webapp.people import client_of
from tests.webapp.runs.conftest import Upload
from webapp.accounts.models import Team, User
from webapp.runs import leases, memory, presets
from webapp.runs.models import Corpus, Event, Status, TrainingRun

pytestmark = pytest.mark.django_db

MEASURED_GB = {"tiny": 1.02, "small": 1.73, "medium": 3.33, "large": 6.64}
"""By `memory_mb` of real runs with a file of 3 MB: 2 cores, bfloat16. In float32: small 1.92, medium 3.79. With a file
of 62 MB: tiny 1.24."""

Machine = Callable[..., None]


@pytest.fixture
def machine(stores: None) -> Iterator[Machine]:
    """machine(4) is one with a training worker and 4 GB of free memory."""
    store = redis.Redis.from_url(product.LIVE_URL)
    store.flushall()

    def machine(free_gb: float, name: str = leases.MACHINE) -> None:
        store.set(memory.KEY.format(name), int(free_gb * 1000))

    yield machine
    store.flushall()
    store.close()


@pytest.fixture
def page(alice: User) -> Client:
    return client_of(alice)


def ask(page: Client, upload: Upload, size: str):
    corpus = upload()
    asked = {"name": "Tales", "corpora": [str(corpus.pk)], "size": size, "minutes": "60", "seed": "7"}
    return page.post("/runs/new/", asked)


def test_a_size_that_will_not_fit_is_refused_with_what_would_and_what_was_typed_is_kept(
    page: Client, upload: Upload, machine: Machine
) -> None:
    machine(2.5)
    refused = ask(page, upload, "medium")

    assert (refused.status_code, TrainingRun.objects.count()) == (422, 0)
    text = refused.content.decode()
    assert "The chosen size needs about 3.7 GB of memory" in text
    assert "the machine that trains has 2.2 GB to spare" in text
    assert "choose a smaller size" in text
    form = refused.context["form"]
    assert [form[name].value() for name in ("name", "size", "minutes", "seed")] == ["Tales", "medium", "60", "7"]
    assert ask(page, upload, "small").status_code == 302


def test_the_form_says_beforehand_which_sizes_will_not_fit(page: Client, team: Team, machine: Machine) -> None:
    machine(2.5)

    assert [fits for _, _, fits in page.get("/runs/new/").context["sizes"]] == [True, True, False, False]


def test_where_not_even_the_smallest_fits_it_says_to_make_room(page: Client, upload: Upload, machine: Machine) -> None:
    machine(0.5)

    text = ask(page, upload, "tiny").content.decode()
    assert "end something else on that machine" in text
    assert "choose a smaller size" not in text


def test_nothing_is_refused_while_no_worker_tells_what_is_free(page: Client, upload: Upload, machine: Machine) -> None:
    assert ask(page, upload, "large").status_code == 302


def test_large_files_need_room_too(page: Client, upload: Upload, machine: Machine) -> None:
    machine(2)
    corpus = upload()
    Corpus.objects.update(characters=500_000_000)
    asked = {"name": "Tales", "corpora": [str(corpus.pk)], "size": "tiny", "minutes": "60", "seed": "7"}

    refused = page.post("/runs/new/", asked)
    assert refused.status_code == 422
    assert "choose fewer or shorter files" in refused.content.decode()


def test_of_several_machines_the_one_with_the_least_counts_for_any_may_take_the_run(machine: Machine) -> None:
    machine(64)
    machine(4, "other")

    assert memory.there_is_gb() == pytest.approx(4 * memory.ROOM)


def test_what_the_run_in_hand_holds_comes_free_before_the_next_begins(team: Team, machine: Machine) -> None:
    machine(1)
    in_hand = TrainingRun.objects.create(
        team=team, name="Works", config={}, status=Status.RUNNING, owner=f"{leases.MACHINE}:1:ab",
        lease_until=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    for step, held in ((1, 1500), (2, 2000)):
        Event.objects.create(run=in_hand, kind="step", step=step, values={"memory_mb": held})

    assert memory.there_is_gb() == pytest.approx(3 * memory.ROOM)


def test_a_worker_tells_what_its_machine_has_and_several_processes_share_it(machine: Machine, settings) -> None:
    free_gb = psutil.virtual_memory().available / 1e9
    memory.tell()
    assert memory.there_is_gb() == pytest.approx(free_gb * memory.ROOM, rel=0.2)

    settings.TRAINING_PROCESSES = 4
    memory.tell()
    assert memory.there_is_gb() == pytest.approx(free_gb * memory.ROOM / 4, rel=0.2)


@pytest.mark.parametrize(
    ("visible", "processes", "free_gb"), [(None, 1, 80), (None, 2, 24), ("1,0", 1, 24), ("GPU-1", 1, 24), ("", 1, None)]
)
def test_where_runs_compute_on_gpus_their_memory_counts(
    machine: Machine,
    settings,
    monkeypatch: pytest.MonkeyPatch,
    visible: str | None,
    processes: int,
    free_gb: int | None,
) -> None:
    """NVML as it speaks of two GPUs, with 80 and 24 GB free."""
    settings.TRAINING_PROCESSES = processes
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(memory, "version", lambda package: "2.13.0+cu130")
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda number: number)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda name: int(name.removeprefix("GPU-")))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda gpu: SimpleNamespace(free=(80e9, 24e9)[gpu]))
    memory._gpus.cache_clear()
    memory.tell()
    memory._gpus.cache_clear()

    expected = free_gb or psutil.virtual_memory().available / 1e9
    assert memory.there_is_gb() == pytest.approx(expected * memory.ROOM, rel=0.2)


@pytest.mark.parametrize(
    ("size", "characters", "measured_gb"), [*((key, 3e6, gb) for key, gb in MEASURED_GB.items()), ("tiny", 62e6, 1.24)]
)
def test_the_figure_is_near_to_what_runs_took(size: str, characters: float, measured_gb: float) -> None:
    assert presets.SIZES[size].memory_gb(int(characters)) == pytest.approx(measured_gb, rel=0.2)
