"""The servers that the benchmarks look at: the product against the fake engine, and a bare relay beside it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import psycopg

from tests.bench.cpu import cpu_s, tree
from tests.browser.engine import ScriptedEngine
from tests.launch.product import ROOT, Product, free_port, installed, wait_for

SEATS = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from webapp.accounts.models import Membership, User
from webapp.accounts.services import create_team

def seat(number):
    user = User(email=f"person{number}@example.com", name=f"Person {number}")
    user.set_unusable_password()
    user.save()
    return user

def sign_in(user):
    session = SessionStore()
    session.update({SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash(),
                    BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend"})
    session.create()
    return session.session_key

people = [seat(number) for number in range(%d)]
team = create_team(name="Bench", owner=people[0]).team
for person in people[1:]:
    Membership.objects.get_or_create(team=team, user=person)
print(json.dumps([[p.pk, sign_in(p)] for p in people]))
"""
CONVERSATIONS = """
import json
from webapp.accounts.models import Team, User
from webapp.chat.services import create_conversation
people, team = User.objects.in_bulk(%s), Team.objects.get()
print(json.dumps([str(create_conversation(team=team, author=p, shared=%s).pk) for p in people.values()]))
"""


@dataclass(frozen=True)
class Seat:
    """One person before a browser."""

    user_id: int
    session: str


class House:
    """The product, running, and in `seats` as many people as were asked for. `scripted`: the fake engine, or None where
    the product has its own, vLLM."""

    def __init__(self, product: Product, engine: ScriptedEngine | None, people: int):
        self.product, self.scripted = product, engine
        self.seats = [Seat(*pair) for pair in json.loads(product.execute(SEATS % people))]

    @property
    def engine(self) -> ScriptedEngine:
        assert self.scripted, "this house has vLLM"
        return self.scripted

    @property
    def url(self) -> str:
        return self.product.url

    def conversations(self, seats: list[Seat], *, shared: bool = False) -> list[str]:
        """A new, empty conversation for each of them."""
        return json.loads(self.product.execute(CONVERSATIONS % ([seat.user_id for seat in seats], shared)))

    def cpu_s(self) -> float:
        return cpu_s(self._pid)

    def shares(self) -> dict[str, float]:
        """cpu_s, part by part."""
        parts = {name: self.product.part(name) for name in ("web", "generate", "redis", "postgres", "train")}
        return {name: cpu_s(part.pid) for name, part in parts.items() if part}

    def processes(self) -> list[psutil.Process]:
        return tree(self._pid)

    @property
    def _pid(self) -> int:
        assert self.product.process is not None
        return self.product.process.pid

    def rows(self, query: str) -> list[tuple]:
        """Straight from the product's database."""
        with psycopg.connect(self._database) as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, query: str) -> int:
        """Straight in the product's database; how many rows."""
        with psycopg.connect(self._database) as connection:
            return connection.execute(query.encode()).rowcount

    @property
    def _database(self) -> str:
        return f"postgresql://postgres@/colloquy?host={self.product.directory / 'run' / 'postgres'}"


@contextmanager
def house(people: int, **environment: str) -> Iterator[House]:
    engine = ScriptedEngine()
    try:
        with installed(INFERENCE_URL=engine.url, **environment) as product:
            product.start_to_page()
            product.wait_until_ready()
            yield House(product, engine, people)
    finally:
        engine.kill()


@contextmanager
def real_house(people: int) -> Iterator[House]:
    """With vLLM, which serves the built-in model."""
    with installed() as product:
        product.start_to_page()
        product.wait_until_ready()
        yield House(product, None, people)


class Bare:
    """The bare relay, running."""

    def __init__(self, engine: str):
        self.port = free_port()
        words = [sys.executable, "-m", "tests.bench.bare", "--engine", engine, "--port", str(self.port)]
        self.process = subprocess.Popen(words, cwd=ROOT)
        wait_for(self._listens, "the bare relay listens")

    def _listens(self) -> bool:
        return any(c.laddr.port == self.port for c in psutil.Process(self.process.pid).net_connections())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        return cpu_s(self.process.pid)

    def shares(self) -> dict[str, float]:
        return {"bare": self.cpu_s()}

    def processes(self) -> list[psutil.Process]:
        return tree(self.process.pid)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
