"""`manage.py up`: runs the whole product on this machine until Ctrl-C."""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from webapp.accounts import services as accounts
from webapp.launch import doctor, processes
from webapp.launch.supervisor import Supervisor
from webapp.lib import translations


class Command(BaseCommand):
    help = "Run the product: every part that no URL in the environment names, and the pages."
    requires_system_checks: list = []

    def handle(self, *args, **options) -> None:
        settings.RUN_DIR.mkdir(parents=True, exist_ok=True)
        with only_one():
            problems = doctor.before_start()
            if problems:
                raise CommandError("\n".join(problems))
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(self.run())

    async def run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        supervisor = Supervisor(settings.DATA_DIR / "log")
        serving = asyncio.create_task(self.serve(supervisor))
        await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        self.say("Stopping…")
        serving.cancel()
        await supervisor.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    async def serve(self, supervisor: Supervisor) -> None:
        stores = processes.stores()
        supervisor.start(*stores)
        await supervisor.ready(*(part.name for part in stores))
        engines = processes.engines()
        supervisor.start(*engines)
        await asyncio.to_thread(self.prepare)
        supervisor.start(*processes.workers())
        await supervisor.ready("web")
        self.say(f"Colloquy is at {settings.BASE_URL}")
        if link := await asyncio.to_thread(accounts.first_run_link):
            self.say(f"Create the owner's account: {link}")
        await supervisor.ready(*(part.name for part in engines))
        self.say(f"The engine is ready: {settings.SERVED_MODEL}")
        await asyncio.Event().wait()

    def prepare(self) -> None:
        translations.compile_all(settings.BASE_DIR / "locale")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)

    def say(self, sentence: str) -> None:
        self.stdout.write(self.style.SUCCESS(f"{'colloquy':<10} | {sentence}"))
        self.stdout.flush()


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Holds a lock on the data directory. Raises CommandError when another `up` holds it."""
    with (settings.RUN_DIR / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            sentence = f"Colloquy runs from {settings.DATA_DIR} already (process {file.read().strip() or 'unknown'})."
            raise CommandError(f"{sentence} Stop it there, or set DATA_DIR to start another install.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
