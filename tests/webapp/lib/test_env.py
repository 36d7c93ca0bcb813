"""What cannot be read from the environment is named in a sentence."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.lib import env
from webapp.settings import BASE_DIR, database

NAME = "COLLOQUY_TEST"
Setter = Callable[[str], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Setter:
    return lambda value: monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_a_flag_is_on(value: str, put: Setter) -> None:
    put(value)
    assert env.flag(NAME) is True


@pytest.mark.parametrize("value", ["0", "false", "No", " off"])
def test_a_flag_is_off(value: str, put: Setter) -> None:
    put(value)
    assert env.flag(NAME, default=True) is False


@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_not_set_or_empty_is_its_default(value: str | None, put: Setter) -> None:
    if value is not None:
        put(value)
    assert env.flag(NAME, default=True) is True
    assert env.flag(NAME) is False
    assert env.number(NAME, 7) == 7
    assert env.text(NAME, "word") == "word"
    assert env.words(NAME, "a,b") == ["a", "b"]
    assert env.path(NAME, Path("/there")) == Path("/there")


def test_a_flag_that_is_neither_says_what_to_write(put: Setter) -> None:
    put("perhaps")
    with pytest.raises(ImproperlyConfigured, match=r"^COLLOQUY_TEST is 'perhaps'; write 1 or 0\.$"):
        env.flag(NAME)


@pytest.mark.parametrize("value", ["eight", "8.5", "8k", "0x8"])
def test_a_number_that_is_none_says_what_to_write(value: str, put: Setter) -> None:
    put(value)
    sentence = f"COLLOQUY_TEST is {value!r}; write a whole number, such as 8000."
    with pytest.raises(ImproperlyConfigured, match=f"^{re.escape(sentence)}$"):
        env.number(NAME, 8000)


def test_numbers_words_and_paths_are_read_with_blanks_around_them(put: Setter) -> None:
    put(" 12 ")
    assert env.number(NAME, 8000) == 12
    put(" a.example, ,b.example,")
    assert env.words(NAME) == ["a.example", "b.example"]
    put(" ~/data ")
    assert env.path(NAME, Path("/there")) == Path.home() / "data"


def test_a_wrong_value_stops_start_up_with_its_sentence() -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env={**os.environ, "PORT": "http"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert "PORT is 'http'; write a whole number, such as 8000." in run.stderr


def test_a_database_that_is_not_postgresql_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL begins with 'mysql'; only postgresql://"):
        database("mysql://somewhere/colloquy")


def test_a_database_address_is_taken_apart() -> None:
    entry = database("postgresql://me:p%40ss%2Fword@db.example:5433/colloquy?sslmode=require")
    wanted = {"USER": "me", "PASSWORD": "p@ss/word", "HOST": "db.example", "PORT": "5433", "NAME": "colloquy"}
    assert {name: entry[name] for name in wanted} == wanted
    assert entry["OPTIONS"]["sslmode"] == "require"
    assert database("postgres://me@/colloquy?host=/run/postgres")["HOST"] == "/run/postgres"
