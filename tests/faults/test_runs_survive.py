"""Whatever is killed while a model is taught, the run goes on from its last checkpoint, in one process at a time, and
its page says what happened.

The run is a real one, by the product's own Celery worker: it teaches a model of a few thousand weights, and would do so
for hours.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
import pytest

from tests.bench.house import House
from tests.launch.product import wait_for
from tests.tiny_llama import write_model

TEACH = """
import json
from webapp.accounts.models import Team, User
from webapp.datasets.models import Dataset, Shape, Version
from webapp.runs import services
team, alice = Team.objects.get(), User.objects.get(pk=%(author)s)
dataset = Dataset.objects.create(team=team, author=alice, name="Greetings")
about = {"number": 1, "shape": Shape.SUPERVISED, "rows": 8, "held_out": 1, "sha256": "0" * 64}
version = Version.objects.create(dataset=dataset, author=alice, **about)
version.directory.mkdir(parents=True)
row = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ahoy!"}]}
version.train.write_text((json.dumps(row) + "\\n") * 8)
version.measured.write_text(json.dumps(row) + "\\n")
config = json.loads(%(config)r)
run = services.plan_run(team=team, author=alice, name="Greetings", config=config, version=version)
services.start_run(run)
print(run.pk)
"""
LAPSE = "UPDATE runs_trainingrun SET lease_until = now() - interval '1 second' WHERE id = '{}' AND status = 'running'"


@dataclass
class Lesson:
    """A run in that house."""

    home: House
    id: str
    most: int = 0  # processes that were seen at work on it at once
    over: threading.Event = field(default_factory=threading.Event)

    def row(self, columns: str) -> tuple:
        return self.home.rows(f"SELECT {columns} FROM runs_trainingrun WHERE id = '{self.id}'")[0]

    def told(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """(step, values) of each event of that kind."""
        query = f"SELECT step, values FROM runs_event WHERE run_id = '{self.id}' AND kind = '{kind}' ORDER BY id"
        return [
            (step, json.loads(values) if isinstance(values, str) else values) for step, values in self.home.rows(query)
        ]

    @property
    def saved(self) -> int:
        """The step of its newest checkpoint."""
        return max((step for step, _ in self.told("saved")), default=0)

    @property
    def resumed(self) -> list[int | None]:
        """From which step each of its processes went on."""
        return [values["resumed_from"] for _, values in self.told("started")]

    def gets_on(self) -> None:
        """Two checkpoints further."""
        before = self.saved
        wait_for(lambda: self.saved >= before + 2, "the run gets on")

    def goes_on(self, since: int) -> None:
        """In a new process, from a checkpoint not older than that; and further."""
        known = len(self.resumed)
        wait_for(lambda: len(self.resumed) > known, "the run goes on")
        resumed = self.resumed[-1]
        assert resumed is not None
        assert resumed >= since
        self.gets_on()

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if self.id in " ".join(words) and words[1:4] == ["-m", "training", "finetune"]:
                    found.append(process)
        ids = {process.pid for process in found}
        return [process for process in found if process.ppid() not in ids]  # not what forks and is something else next

    def watch(self) -> None:
        while not self.over.wait(0.2):
            with contextlib.suppress(psutil.Error):
                self.most = max(self.most, len(self.processes()))

    def page(self) -> str:
        return self._ask("GET", "").text

    def stop(self) -> None:
        self._ask("POST", "stop/")
        wait_for(lambda: self.row("status") == ("stopped",), "the run stops")

    def _ask(self, method: str, what: str) -> httpx.Response:
        cookies = {"colloquy_session": self.home.seats[0].session, "colloquy_csrf": "c" * 32}
        headers = {"X-CSRFToken": "c" * 32, "Origin": self.home.url}
        url = f"{self.home.url}/runs/{self.id}/{what}"
        answer = httpx.request(method, url, cookies=cookies, headers=headers, timeout=30)
        assert answer.status_code in (200, 302), answer.text
        return answer


@pytest.fixture
def lesson(home: House) -> Iterator[Lesson]:
    """A run that has left two checkpoints."""
    base = home.product.directory / "tiny"
    if not base.is_dir():
        write_model(base, context=128)
    config = {"base": str(base), "r": 4, "max_steps": 100_000, "batch_size": 4, "max_length": 64, "save_minutes": 0}
    config |= {"log_every": 1, "evaluate_every": 1000, "early_stopping_patience": 0}
    made = home.product.execute(TEACH % {"author": home.seats[0].user_id, "config": json.dumps(config)})
    lesson = Lesson(home, made)
    watching = threading.Thread(target=lesson.watch)
    watching.start()
    try:
        lesson.gets_on()
        yield lesson
        lesson.stop()
        assert not lesson.processes()
        assert lesson.most == 1
    finally:
        lesson.over.set()
        watching.join()


def test_the_training_process_then_redis_then_the_worker_is_killed(home: House, lesson: Lesson) -> None:
    last = lesson.saved
    [process] = lesson.processes()
    process.kill()
    lesson.goes_on(last)
    page = lesson.page()
    assert "The training process was killed (SIGKILL)." in page
    assert "The run goes on from its checkpoint step-" in page

    [process] = lesson.processes()
    home.product.kill("redis")
    assert "Greetings" in lesson.page()  # also while it is away
    lesson.gets_on()
    assert lesson.processes() == [process]  # nobody who trains needs Redis

    last = lesson.saved
    home.product.kill("train")
    wait_for(lambda: not lesson.processes(), "the process saves a checkpoint and ends with its worker")
    assert home.change(LAPSE.format(lesson.id)) == 1  # as half a minute does
    lesson.goes_on(last)
    assert "The worker that had the run died." in lesson.page()
    steps = [step for step, _ in lesson.told("step")]
    assert steps == sorted(set(steps))  # none is told twice
    assert lesson.row("status, breaks, problem") == ("running", 0, "")
