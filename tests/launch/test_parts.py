"""Which parts `manage.py up` starts: those that no URL names."""

import pytest

from webapp.launch import processes


def names(parts) -> list[str]:
    return [part.name for part in parts]


@pytest.fixture(autouse=True)
def _nothing_named(settings) -> None:
    settings.DATABASE_URL = settings.REDIS_URL = settings.INFERENCE_URL = ""


def test_without_a_url_every_part_is_its_own() -> None:
    assert names(processes.stores()) == ["postgres", "redis"]
    assert names(processes.engines()) == ["engine"]


def test_a_database_that_is_named_is_used_instead_of_ours(settings) -> None:
    settings.DATABASE_URL = "postgresql://colloquy@db.example/colloquy"
    assert names(processes.stores()) == ["redis"]


def test_a_redis_that_is_named_is_used_instead_of_ours(settings) -> None:
    settings.REDIS_URL = "redis://redis.example"
    assert names(processes.stores()) == ["postgres"]


def test_an_engine_that_is_named_is_used_instead_of_ours(settings) -> None:
    settings.INFERENCE_URL = "http://gpu.example:8000"
    assert processes.engines() == []


def test_the_pages_and_the_workers_are_always_ours() -> None:
    assert names(processes.workers()) == ["web", "generate", "train"]
