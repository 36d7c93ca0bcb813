"""What every test shares: an install of its own in a temporary directory, with the real PostgreSQL and Redis.

Nothing is started for tests that do not ask for it. The engine is in tests/engine.py, people in tests/webapp/people.py.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django
import pytest

PLACE = Path(tempfile.mkdtemp(prefix="colloquy-test-"))
PLACE.chmod(0o711)  # as root PostgreSQL runs under another account, which must reach its data
os.environ.update(
    DATA_DIR=str(PLACE), DJANGO_SETTINGS_MODULE="webapp.settings", DATABASE_POOL="0", OMP_NUM_THREADS="1", DEBUG="0"
)
for name in ("DATABASE_URL", "REDIS_URL", "INFERENCE_URL", "INFERENCE_API_KEY", "MODEL", "BASE_URL", "PORT"):
    os.environ.pop(name, None)

django.setup()

pytest_plugins = ["tests.engine"]


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

    with ExitStack() as stack:
        stack.enter_context(running(embedded.postgres()))
        stack.enter_context(running(embedded.redis()))
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(stores) -> None:
    """pytest-django asks for this before it makes the test database."""
