"""`manage.py up` with its own PostgreSQL, Redis, vLLM, web server and workers, seen from outside."""

import os
import signal
import socket

import psutil
import pytest
import redis

from tests.launch.product import MARKS, PATIENCE_S, Product, installed, wait_for
from tests.launch.visitor import Visitor

QUESTION = "Hello, who are you?"


def test_the_pages_answer_while_the_engine_is_loading(loading: Product) -> None:
    assert loading.http.get("/healthz").text == "ok"
    assert loading.http.get("/account/login/").status_code == 200
    status, parts = loading.readiness()
    assert (status, parts["engine"], parts["database"], parts["redis"]) == (503, "missing", "ready", "ready")


def test_a_message_sent_while_the_engine_is_loading_waits_and_is_answered(loading: Product, alice: Visitor) -> None:
    conversation = alice.write(QUESTION)
    wait_for(lambda: "Waiting for the engine" in alice.get(conversation).text, "the page says for what it waits")
    [(status, text)] = alice.replies(conversation)
    assert (status, text) == ("streaming", "")
    [(status, text)] = wait_for(lambda: _ended(alice, conversation), "the reply")
    assert status == "done"
    assert len(text) > 10


def test_what_it_says_until_all_is_there_is_a_few_lines(up: Product) -> None:
    up.said("The engine is ready")
    lines = up.output.read_text().partition("The engine is ready")[0].splitlines()
    lines = [line for line in lines if not line.startswith("generate ")]  # which says what a waiting reply waits for
    assert [line for line in lines if not line.startswith("colloquy ")] == []
    assert len(lines) <= 3


def test_readiness_has_one_entry_a_part(up: Product) -> None:
    up.wait_until_ready()
    parts = ["database", "engine", "generation_worker", "redis", "training_worker"]
    assert up.readiness() == (200, dict.fromkeys(parts, "ready"))


def test_the_doctor_finds_nothing_wrong_with_what_runs(up: Product) -> None:
    up.wait_until_ready()
    run = up.command("doctor")
    assert (run.returncode, run.stdout) == (0, "All is well.\n")


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "generate", "train", "engine"])
def test_a_part_that_is_killed_comes_back_and_all_is_ready_again(up: Product, alice: Visitor, name: str) -> None:
    up.wait_until_ready()
    up.kill(name)
    if name != "redis":  # its memory of the workers is gone already
        _forget_workers(up)
    up.wait_until_ready()
    assert f"{name:<10} | ended with signal SIGKILL; starting again" in up.output.read_text()
    conversation = alice.write(QUESTION)
    [(status, _text)] = wait_for(lambda: _ended(alice, conversation), f"a reply after {name} was killed")
    assert status == "done"


def test_a_second_one_in_the_same_directory_refuses_with_a_sentence(up: Product) -> None:
    run = up.command("up")
    assert run.returncode == 1
    assert run.stdout == (
        f"CommandError: Colloquy runs from {up.directory} already (process {up.process.pid}). "
        "Stop it there, or set DATA_DIR to start another install.\n"
    )


def test_a_port_that_is_taken_is_refused_with_a_sentence() -> None:
    with installed() as product, socket.create_server(("127.0.0.1", product.port)):
        run = product.command("up")
        assert run.returncode == 1
        assert f"Port {product.port} cannot be used (Address already in use)." in run.stdout
        assert f"`make up PORT={product.port + 1}`" in run.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_every_process_and_the_next_start_finds_what_was_there(
    up: Product, alice: Visitor, number: signal.Signals
) -> None:
    conversation = alice.write(QUESTION)
    before = up.processes()
    assert len(before) > len(["up", *MARKS])
    assert up.end(number) == 0
    assert [process for process in before if process.is_running()] == []
    assert _processes_of(up) == []

    up.start_to_page()
    assert QUESTION in alice.get(conversation).text  # she is still signed in, and it is still there
    assert "owner's account" not in up.output.read_text()


def test_killing_it_outright_leaves_nothing_running(up: Product) -> None:
    before = up.processes()
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    _gone, alive = psutil.wait_procs(before, timeout=PATIENCE_S)
    assert alive == []
    assert _processes_of(up) == []


def _ended(visitor: Visitor, conversation: str) -> list[tuple[str, str]] | None:
    replies = visitor.replies(conversation)
    return replies if replies and all(status not in ("queued", "streaming") for status, _ in replies) else None


def _forget_workers(product: Product) -> None:
    """Who is alive must say so again."""
    with redis.Redis(unix_socket_path=str(product.directory / "run" / "redis.sock")) as store:
        for key in store.scan_iter("worker:*"):
            store.delete(key)


def _processes_of(product: Product) -> list[str]:
    """Command lines of whatever runs with that install's directory in its arguments or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("DATA_DIR", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(product.directory) in word for word in words):
            found.append(" ".join(words))
    return found
