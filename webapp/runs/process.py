"""One run's process: starts `python -m training`, writes down what it says, renews the lease, and ends it when asked.

The command runs in a process of its own: that frees its memory at the end, cannot take the worker down, and is what
a person would type. It goes at the lowest priority, because people wait for replies and nobody waits for a run.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import OperationalError, close_old_connections

from webapp.lib.processes import die_with_parent
from webapp.lib.sentences import Sentence, heard
from webapp.runs import checking, leases, services, teaching, yielding
from webapp.runs.models import Command, Status, TrainingRun

BREAKS_ALLOWED = 3  # times that the process may be killed without a step between
STORE_AWAY_S = 60.0  # how long the database may be away before the run is given up by this worker
INPUT_REFUSED = 2  # the command's exit status where it could not use what it was given


class Supervision:
    """Of one run that this owner has claimed. `work` returns when the row says what became of it."""

    def __init__(self, run: TrainingRun, owner: str, *, leaving: threading.Event):
        self.run, self.owner, self.leaving = run, owner, leaving
        self.finished: dict | None = None
        self.reason, self.device = Sentence(""), ""
        self.ours = True

    def work(self) -> bool:
        """False where the run cannot go on yet, and went back to the queue."""
        self.run.directory.mkdir(parents=True, exist_ok=True)
        with _locked(self.run.directory / "lock") as lock:
            if lock is None:  # the process of a worker that died is still saving its checkpoint
                services.end(self.run, where=self._mine, status=Status.QUEUED)
                return False
            if self.run.command == Command.FINETUNE:
                _patiently(lambda: teaching.face_rival(self.run))
            try:
                code = self._train(lock)
            except OSError as error:
                self._give_up(error)
                return True
        if self.ours:
            self._conclude(code)
        return True

    @property
    def _mine(self) -> dict:
        return {"owner": self.owner, "status": Status.RUNNING}

    def _train(self, lock: IO) -> int:
        with self.run.log.open("ab") as errors:
            _note(errors, _beginning(self.run))
            process = subprocess.Popen(
                command(self.run),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=settings.BASE_DIR,
                env=environment(),
                pass_fds=[lock.fileno()],
                start_new_session=True,
                preexec_fn=lowly,
            )
            over, begun = threading.Event(), time.monotonic()
            beside = [
                threading.Thread(target=self._beat, args=(process, over), daemon=True),
                threading.Thread(target=self._make_room, args=(over,), daemon=True),
            ]
            for thread in beside:
                thread.start()
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    self._hear(line, errors)
                return process.wait()
            finally:
                over.set()
                for thread in beside:
                    thread.join()
                _patiently(lambda: services.note_work(self.run, time.monotonic() - begun))
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
                _note(errors, _end(0 if self.finished else code))  # it may be told to stop once more while it leaves
                process.stdout.close()

    def _beat(self, process: subprocess.Popen, over: threading.Event) -> None:
        """Renews the lease, and passes on the wish to stop. A lease that is lost ends the process at once: another
        worker goes on from the last checkpoint."""
        renewed = time.monotonic()
        while not over.wait(leases.RENEW_S):
            try:
                stop = leases.renew(self.run, self.owner)
                renewed = time.monotonic()
            except OperationalError:
                close_old_connections()
                stop = None if time.monotonic() - renewed > leases.LEASE_S else False
            if stop is None:
                self.ours = False
                process.kill()
            elif stop or self.leaving.is_set():
                process.terminate()
        close_old_connections()

    def _make_room(self, over: threading.Event) -> None:
        yielding.watch(self.run.directory, over, wanted=lambda: self.device not in ("", "cpu"))

    def _hear(self, line: bytes, errors: IO) -> None:
        try:
            said = json.loads(line)
            kind = said.pop("event")
        except (ValueError, KeyError, AttributeError, TypeError):
            errors.write(line)
            return
        if kind == "finished":
            self.finished = said
        elif kind == "started":
            self.device = str(said.get("device", ""))
        elif kind == "failed":
            self.reason = heard(said, "reason")
        _patiently(lambda: services.note_event(self.run, self.owner, kind, said))

    def _give_up(self, error: OSError) -> None:
        """A full disk, a file that is gone: to try it again and again would help nobody."""
        problem = Sentence("The training could not go on: %(reason)s.", reason=error)
        _patiently(lambda: services.end(self.run, where=self._mine, status=Status.FAILED, problem=problem))

    def _conclude(self, code: int) -> None:
        status, problem = self._outcome(code)
        if status is Status.QUEUED and code < 0:
            TrainingRun.objects.filter(pk=self.run.pk, owner=self.owner).update(breaks=self.run.breaks + 1)
        _patiently(lambda: services.end(self.run, where=self._mine, status=status, problem=problem))

    def _outcome(self, code: int) -> tuple[Status, str]:
        if code == 0 and self.finished and self.finished.get("status") == "done":
            return Status.DONE, ""
        self.run.refresh_from_db(fields=["stop_requested", "breaks"])
        if self.run.stop_requested and (self.finished or code < 0):
            return Status.STOPPED, ""
        if code == 0 and self.finished:  # stopped, but not by a person: the worker is leaving
            return Status.QUEUED, ""
        if code < 0 and (self.leaving.is_set() or self.run.breaks < BREAKS_ALLOWED):
            return Status.QUEUED, ""
        return Status.FAILED, self._problem(code)

    def _problem(self, code: int) -> str:
        if self.reason and code == INPUT_REFUSED:
            return self.reason
        if self.reason:
            return Sentence("The training broke off: %(reason)s. Its last lines are below.", reason=self.reason)
        if code < 0:
            return Sentence(
                "The training process was killed (%(signal)s) several times, most likely for want of memory.",
                signal=signal.Signals(-code).name,
            )
        return Sentence("The training process ended with status %(code)s. Its last lines are below.", code=code)


def command(run: TrainingRun) -> list[str]:
    """What a person would type to repeat the run."""
    asked = [*words(run, run.command), "--out", str(run.directory)]
    return [*asked, "--resume"] if run.resumable else asked


def words(run: TrainingRun, command: str) -> list[str]:
    """`python -m training COMMAND CONFIG`, with the configuration and what it reads laid into the run's directory."""
    run.directory.mkdir(parents=True, exist_ok=True)
    config = run.directory / "config.json"
    config.write_text(json.dumps(run.config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for file, name in _reads(run):
        _link(file, run.directory / name)
    asked = [sys.executable, "-m", "training", command, str(config)]
    return [*asked, "--processes", str(settings.TRAINING_PROCESSES)] if settings.TRAINING_PROCESSES > 1 else asked


def _reads(run: TrainingRun) -> Iterator[tuple[Path, str]]:
    """Each file that the command reads, and what the configuration calls it."""
    if run.version:
        yield run.version.train, "train.jsonl"
        yield run.version.measured, "held-out.jsonl"
    for corpus in run.corpora.all():
        yield corpus.path, f"{corpus.pk}.jsonl"
        yield checking.held_out(corpus), f"{corpus.pk}.held-out.jsonl"


def _link(file: Path, place: Path) -> None:
    """A hard link: a run goes on with the file that it began with, also when the corpus is deleted."""
    if not place.exists():
        place.hardlink_to(file)


def environment() -> dict[str, str]:
    """Threads that wait do not spin, and one core is left to the engine: on a busy machine the threads of a step wait
    for each other, and spinning took five times the CPU-seconds."""
    threads = str(max(1, ((os.cpu_count() or 2) - 1) // settings.TRAINING_PROCESSES))
    return {"OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false", **os.environ, "OMP_WAIT_POLICY": "passive"}


def lowly() -> None:
    die_with_parent()  # a killed worker's run saves a checkpoint and ends
    os.nice(19)


def _note(log: IO, text: str) -> None:
    """A line of ours among those of the command."""
    log.write(f"[{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC] {text}\n".encode())
    log.flush()


def _beginning(run: TrainingRun) -> str:
    if run.taken_over:
        return f"The worker that had the run died. The run {_from(run)}."
    return f"The run {_from(run)}."


def _from(run: TrainingRun) -> str:
    steps = sorted(place.name for place in (run.directory / "checkpoints").glob("step-*"))
    return f"goes on from its checkpoint {steps[-1]}" if steps else "begins"


def _end(code: int) -> str:
    killed = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with status {code}"
    return f"The training process {killed}."


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO | None]:
    """The file, locked for as long as it is open anywhere, the command's process included; None where it is taken."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file


def _patiently(store: Callable[[], object]) -> None:
    """Tries again while the database is away; meanwhile the command waits, its pipe being full."""
    until = time.monotonic() + STORE_AWAY_S
    while True:
        try:
            store()
            return
        except OperationalError:
            close_old_connections()
            if time.monotonic() > until:
                raise
            time.sleep(1)
