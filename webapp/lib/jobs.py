"""Ask the Celery workers for something, by name: who asks need not load what the work needs."""

import logging

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ask(task: str, *args: str, queue: str = "celery") -> None:
    """What is asked may be lost with Redis: the database must know that it is wanted, and a timer ask again."""
    from webapp.celery import app  # needs the settings, as this module does not

    try:
        app.send_task(task, args=args, queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no worker was asked for %s: %s", task, error)
