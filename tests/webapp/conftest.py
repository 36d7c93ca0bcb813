import pytest
from django.core.management import call_command

from tests.webapp.people import alice, anna, bob, charlie, team, victor

__all__ = ["alice", "anna", "bob", "charlie", "team", "victor"]


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Pages name static files by their hash: collect them, as `manage.py up` does."""
    call_command("collectstatic", interactive=False, verbosity=0)
