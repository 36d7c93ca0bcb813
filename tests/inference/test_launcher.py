"""What the launcher does before vLLM is imported: it makes room for its socket, and takes nobody else's."""

import socket
from pathlib import Path

import pytest

from inference.engine.launcher import clear_socket


def listen(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


def test_a_socket_that_a_killed_engine_left_behind_is_removed(tmp_path: Path) -> None:
    listen(tmp_path / "s").close()
    assert (tmp_path / "s").exists()
    clear_socket(tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_the_socket_of_a_living_engine_is_not_taken(tmp_path: Path) -> None:
    with listen(tmp_path / "s"), pytest.raises(SystemExit, match=r"An engine is listening on .*/s already"):
        clear_socket(tmp_path / "s")
    assert (tmp_path / "s").exists()


def test_a_file_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(SystemExit, match="is no socket"):
        clear_socket(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "precious"


def test_the_directory_of_the_socket_is_made(tmp_path: Path) -> None:
    clear_socket(tmp_path / "run" / "s")
    assert (tmp_path / "run").is_dir()
