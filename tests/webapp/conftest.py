from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from tests.webapp.people import alice, anna, bob, charlie, team, victor
from tests.webapp.viewers import look
from tests.webapp.workers import fake, redis, worker
from webapp.lib import translations

__all__ = ["alice", "anna", "bob", "charlie", "fake", "look", "redis", "team", "victor", "worker"]


@pytest.fixture(scope="session", autouse=True)
def _built_files() -> None:
    """Pages name static files by their hash, and read compiled catalogues: make both, as `manage.py up` does."""
    call_command("collectstatic", interactive=False, verbosity=0)
    translations.compile_all(settings.BASE_DIR / "locale")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A page in Chinese leaves its language to whatever runs next in this thread."""
    with translation.override("en"):
        yield
