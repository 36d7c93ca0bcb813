import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from django.utils import translation
from psycopg.errors import LockNotAvailable

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


PATIENCE_S = 20


def delete_rows(_: TransactionTestCase) -> None:
    """Empties the tables after a test that commits, except Django's own lists of models and permissions. Truncating
    would make new files for each table and index; most have no row to delete."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    emptied = [f'"{name}"' for name in tables if name not in {"django_content_type", "auth_permission"}]
    give_up_at = time.monotonic() + PATIENCE_S
    while not _are_deleted(emptied):
        assert time.monotonic() < give_up_at, "somebody still writes after the test has ended"
        time.sleep(0.02)


def _are_deleted(tables: list[str]) -> bool:
    """False while somebody is still at one of the tables: who waited for them could stand in their way."""
    statements = [
        f"LOCK TABLE {', '.join(tables)} NOWAIT",
        "SET LOCAL session_replication_role = replica",  # or else the order would matter
        *(f"DELETE FROM {name}" for name in tables),
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(statements))
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True


TransactionTestCase._fixture_teardown = delete_rows


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A page in Chinese leaves its language to whatever runs next in this thread."""
    with translation.override("en"):
        yield
