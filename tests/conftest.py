"""What every test shares: an install of its own in a temporary directory, with the real PostgreSQL and Redis.

Nothing is started for tests that do not ask for it. The engine is in tests/engine.py, people in tests/webapp/people.py.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from xdist.scheduler import LoadScopeScheduling

PLACE = Path(tempfile.mkdtemp(prefix="colloquy-test-"))
PLACE.chmod(0o711)  # as root PostgreSQL runs under another account, which must reach its data
os.environ.update(
    DATA_DIR=str(PLACE), DJANGO_SETTINGS_MODULE="webapp.settings", DATABASE_POOL="0", OMP_NUM_THREADS="1", DEBUG="0"
)
for name in ("DATABASE_URL", "REDIS_URL", "INFERENCE_URL", "INFERENCE_API_KEY", "MODEL", "BASE_URL", "PORT"):
    os.environ.pop(name, None)

django.setup()

pytest_plugins = ["tests.engine"]

# No test outlives a crash of the machine: nothing waits for the disk
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")

# Nobody attacks a test's passwords: the same algorithm, a hundred times as fast
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 8 * Argon2PasswordHasher.parallelism

# What shares something costly runs in one of the processes of `make test`: so the engine starts once, and nobody else's
# requests come between those of a test. The longest comes first, so that no process is left with it at the end.
TOGETHER = {
    "tests/browser/test_(newcomer|teaching|translate|write)": "engine",
    "tests/inference/test_(choices|engine_)": "engine",
    "tests/webapp/.*/test_(labelling|real_engine|refusals)": "engine",
    "tests/browser/": "browser",
    "tests/launch/": "launch",
    "tests/faults/": "faults",
    "tests/docker/": "docker",
}


class Sharing(LoadScopeScheduling):
    """Gives a process that is free the next file, or the next of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    file = nodeid.split("::")[0]
    return next((scope for pattern, scope in TOGETHER.items() if re.match(pattern, file)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """pytest-django in the processes of `pytest -n 2` would read the settings, with our directory, before they come by
    here and have one of their own."""
    if config.getoption("numprocesses", None):
        del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    yield  # to pytest-django, which has an order of its own
    places = {scope: place for place, scope in enumerate(TOGETHER.values())}
    items.sort(key=lambda item: places.get(scope_of(item.nodeid), len(places)))
    strays = {
        item.nodeid
        for item in items
        if "engine" in getattr(item, "fixturenames", ()) and scope_of(item.nodeid) != "engine"
    }
    if strays:
        raise pytest.UsageError(f"ask for the engine, but are not in TOGETHER (tests/conftest.py): {sorted(strays)}")


def pytest_unconfigure() -> None:
    shutil.rmtree(PLACE, ignore_errors=True)


@contextmanager
def running(part) -> Iterator[None]:
    """That part (webapp.launch.parts.Part), ready."""
    options = {**part.spawn_options(), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(part.argv, **options)
    try:
        give_up_at = time.monotonic() + 60
        while not part.ready():
            assert process.poll() is None, f"{part.name} ended with {process.returncode}"
            assert time.monotonic() < give_up_at, f"{part.name} is not ready after a minute"
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(part.stop_signal)
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def stores() -> Iterator[None]:
    """PostgreSQL and Redis, as `manage.py up` starts them."""
    from webapp.launch import embedded

    postgres = embedded.postgres()
    with ExitStack() as stack:
        stack.enter_context(running(replace(postgres, argv=(*postgres.argv, *CARELESS))))
        stack.enter_context(running(embedded.redis()))
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(stores) -> None:
    """pytest-django asks for this before it makes the test database."""
