"""Where an install keeps its sockets and its secrets."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.lib import places

LONGEST_NAME = "postgres/.s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes, unix(7)


def test_sockets_lie_beside_the_data() -> None:
    assert places.run_dir(Path("/srv/colloquy")) == Path("/srv/colloquy/run")


@pytest.mark.parametrize("length", range(60, 130))
@pytest.mark.parametrize("letter", ["x", "字"])
def test_every_socket_fits_whatever_the_data_directory(length: int, letter: str) -> None:
    data_dir = Path("/" + (letter * length)[:length])
    assert len(os.fsencode(places.run_dir(data_dir) / LONGEST_NAME)) <= LONGEST_SOCKET


def test_a_long_path_gets_a_short_one_that_is_its_own_and_stays() -> None:
    one, two = Path("/" + "x" * 100), Path("/" + "y" * 100)
    assert places.run_dir(one) == places.run_dir(one)
    assert places.run_dir(one) != places.run_dir(two)
    assert str(os.getuid()) in places.run_dir(one).name


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"
    secret = places.kept_secret(file)
    assert len(secret) >= 50
    assert places.kept_secret(file) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_secrets_differ(tmp_path: Path) -> None:
    assert places.kept_secret(tmp_path / "a") != places.kept_secret(tmp_path / "b")


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    for number in range(50):
        with ThreadPoolExecutor(8) as pool:
            secrets = set(pool.map(places.kept_secret, [tmp_path / str(number)] * 8))
        assert len(secrets) == 1
        assert len(secrets.pop()) >= 50
