"""What a worker does with a run: the command is real, and so is what kills it."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import pytest
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from redis import Redis

from inference.models import check_model
from tests.webapp import chinese
from webapp.runs import leases, services, tasks
from webapp.runs.models import Status, TrainingRun
from webapp.runs.process import Supervision

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = f"{leases.MACHINE}:test"
PATIENCE_S = 120


def work(leaving: threading.Event | None = None) -> TrainingRun | None:
    run = leases.claim_next(OWNER)
    if run:
        Supervision(run, OWNER, leaving=leaving or threading.Event()).work()
        run.refresh_from_db()
    return run


def meanwhile(*acts: Callable[[], None]) -> threading.Thread:
    """Does these, one after the other, beside the test."""

    def acting() -> None:
        try:
            for act in acts:
                act()
        finally:
            close_old_connections()

    thread = threading.Thread(target=acting)
    thread.start()
    return thread


def wait_for_step(run: TrainingRun, step: int) -> None:
    for _ in range(PATIENCE_S * 10):
        if run.events.filter(kind="saved", step__gte=step).exists():
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"the run never reached step {step}")


def command_of(run: TrainingRun) -> psutil.Process:
    words = str(run.directory / "config.json")
    return next(p for p in psutil.Process().children(recursive=True) if words in p.cmdline())


def endless(run: TrainingRun) -> None:
    """So many steps that it is stopped long before its end."""
    run.config["stages"][0]["max_steps"] = 100_000
    run.save()


def test_a_run_leaves_a_model_that_can_be_served_and_tells_how_it_came_about(run: TrainingRun) -> None:
    done = work()

    assert done
    assert (done.status, done.problem, done.progress) == (Status.DONE, "", 1.0)
    check_model(str(done.result))
    kinds = set(done.events.values_list("kind", flat=True))
    assert {"started", "step", "evaluated", "saved", "sampled", "finished"} <= kinds
    losses = [
        values["loss"] for values in done.events.filter(kind="step").order_by("step").values_list("values", flat=True)
    ]
    assert losses[-1] < losses[0]


def test_nothing_is_due_when_nothing_waits(run: TrainingRun) -> None:
    services.stop_run(run)
    run.refresh_from_db()

    assert run.status == Status.STOPPED
    assert work() is None


def test_a_machine_works_on_one_run_at_a_time(run: TrainingRun) -> None:
    first = leases.claim_next(OWNER)
    TrainingRun.objects.create(team=run.team, name="Another", config=run.config)

    assert first
    assert leases.claim_next(f"{leases.MACHINE}:another worker") is None


def test_another_worker_takes_the_run_of_one_that_died(run: TrainingRun) -> None:
    leases.claim_next(f"{leases.MACHINE}:gone")
    TrainingRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    taken = leases.claim_next(OWNER)
    assert taken
    assert (taken.pk, taken.owner) == (run.pk, OWNER)


def test_a_stopped_run_keeps_a_checkpoint_and_goes_on_from_it(run: TrainingRun) -> None:
    endless(run)
    stopping = meanwhile(lambda: wait_for_step(run, 3), lambda: services.stop_run(run))
    stopped = work()
    stopping.join()

    assert stopped
    assert stopped.status == Status.STOPPED
    assert stopped.resumable
    run.config["stages"][0]["max_steps"] = stopped.step + 3
    run.save()
    services.resume_run(stopped)
    done = work()
    assert done
    assert done.status == Status.DONE
    resumed = done.events.filter(kind="started").order_by("-pk")[0].values["resumed_from"]
    assert resumed == stopped.step


def test_a_process_that_is_killed_is_started_again_from_its_last_checkpoint(run: TrainingRun) -> None:
    endless(run)
    killing = meanwhile(lambda: wait_for_step(run, 3), lambda: command_of(run).kill())
    killed = work()
    killing.join()

    assert killed
    assert (killed.status, killed.breaks) == (Status.QUEUED, 1)
    run.config["stages"][0]["max_steps"] = killed.step + 3
    TrainingRun.objects.filter(pk=run.pk).update(config=run.config)
    done = work()
    assert done
    assert (done.status, done.breaks) == (Status.DONE, 0)
    steps = list(done.events.filter(kind="step").order_by("step").values_list("step", flat=True))
    assert steps == sorted(set(steps))  # none is told twice


def test_several_processes_are_one_when_one_of_them_is_killed(run: TrainingRun, settings) -> None:
    settings.TRAINING_PROCESSES = 2
    endless(run)
    killing = meanwhile(lambda: wait_for_step(run, 1), lambda: command_of(run).children()[1].kill())
    killed = work()
    killing.join()

    assert killed
    assert (killed.status, killed.breaks) == (Status.QUEUED, 1)
    stopping = meanwhile(lambda: wait_for_step(run, killed.step + 1), lambda: services.stop_run(run))
    stopped = work()
    stopping.join()
    assert stopped
    assert (stopped.status, stopped.problem) == (Status.STOPPED, "")
    assert stopped.events.filter(kind="started").order_by("-pk")[0].values["resumed_from"] >= 1


def test_a_run_whose_process_is_killed_again_and_again_says_so(run: TrainingRun) -> None:
    endless(run)
    TrainingRun.objects.update(breaks=3)
    killing = meanwhile(lambda: wait_for_command(run), lambda: command_of(run).kill())
    failed = work()
    killing.join()

    assert failed
    assert failed.status == Status.FAILED
    assert "SIGKILL" in failed.problem


def test_a_worker_that_leaves_puts_its_run_back(run: TrainingRun) -> None:
    endless(run)
    leaving = threading.Event()
    going = meanwhile(lambda: wait_for_step(run, 1), leaving.set)
    left = work(leaving)
    going.join()

    assert left
    assert (left.status, left.owner) == (Status.QUEUED, "")
    assert left.resumable


def test_a_run_with_a_bad_configuration_fails_with_the_reason(run: TrainingRun) -> None:
    run.config["model"]["num_hidden_layers"] = 0
    run.save()
    failed = work()

    assert failed
    assert failed.status == Status.FAILED
    assert "num_hidden_layers" in failed.problem
    read = chinese.page(run.author, f"/runs/{run.pk}/")
    assert "字段 model.num_hidden_layers 的值是 0：不能小于 1。" in read


def test_a_run_that_finds_nothing_to_learn_says_so_in_the_readers_language(run: TrainingRun) -> None:
    for stage in run.config["stages"]:
        stage["sources"][0]["where"] = {"lang": "en"}
    run.save()
    failed = work()

    assert failed
    assert "check `where`" in failed.problem
    assert "中没有剩下可用的内容：请检查 `where`" in chinese.page(run.author, f"/runs/{run.pk}/")


def test_what_nobody_foresaw_is_quoted_in_a_sentence(run: TrainingRun) -> None:
    supervision = Supervision(run, OWNER, leaving=threading.Event())
    for line in (b'{"event": "failed", "reason": "OSError: disk full"}', b"no event"):
        supervision._hear(line, io.BytesIO())
    assert supervision._problem(1) == "The training broke off: OSError: disk full. Its last lines are below."


def test_who_lost_the_lease_neither_ends_the_run_nor_tells_of_it(run: TrainingRun) -> None:
    endless(run)

    def take_over() -> None:
        wait_for_step(run, 1)
        TrainingRun.objects.filter(pk=run.pk).update(owner="elsewhere:1")

    taking = meanwhile(take_over)
    work()
    taking.join()
    run.refresh_from_db()

    assert (run.status, run.owner) == (Status.RUNNING, "elsewhere:1")


def test_a_run_is_not_begun_twice_in_one_directory(run: TrainingRun) -> None:
    with _held(run):
        back = work()

    assert back
    assert back.status == Status.QUEUED
    assert not back.events.exists()


def test_a_worker_does_not_ask_again_and_again_for_a_run_that_cannot_go_on_yet(run: TrainingRun) -> None:
    with _held(run):
        tasks.work()

    run.refresh_from_db()
    assert run.status == Status.QUEUED
    tasks.work()
    run.refresh_from_db()
    assert run.status == Status.DONE


def test_a_run_whose_files_are_gone_fails_and_says_which(run: TrainingRun) -> None:
    run.corpora.get().path.unlink()
    failed = work()

    assert failed
    assert (failed.status, failed.owner) == (Status.FAILED, "")
    assert failed.problem.startswith("The training could not go on: ")
    assert "examples.jsonl" in failed.problem


def test_its_page_is_there_while_redis_is_not(run: TrainingRun, client: Client, monkeypatch) -> None:
    nobody = Redis.from_url("unix:///nonexistent.sock")
    monkeypatch.setattr(services, "_redis", nobody)
    client.force_login(run.author)

    assert client.get(f"/runs/{run.pk}/").status_code == 200


def test_a_finished_run_is_deleted_with_its_files_and_an_active_one_is_not(run: TrainingRun) -> None:
    with pytest.raises(services.InUse):
        services.delete_run(run)
    services.stop_run(run)
    run.directory.mkdir(parents=True)
    services.delete_run(run)

    assert not run.directory.exists()
    assert not TrainingRun.objects.exists()


@contextmanager
def _held(run: TrainingRun) -> Iterator[None]:
    """As a process holds it that has outlived its worker."""
    import fcntl

    run.directory.mkdir(parents=True, exist_ok=True)
    with (run.directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_for_command(run: TrainingRun) -> None:
    for _ in range(PATIENCE_S * 10):
        try:
            command_of(run)
            return
        except (StopIteration, psutil.NoSuchProcess):
            threading.Event().wait(0.1)
    raise AssertionError("the command was never started")
