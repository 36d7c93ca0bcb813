"""`manage.py link` prints the first-run link; `manage.py link alice@example.com` one that resets her password."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.accounts import links, services
from webapp.accounts.models import User


class Command(BaseCommand):
    help = "Prints the link that makes the first owner's account or, with an e-mail, a password reset link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="whose password to reset")

    def handle(self, *args: Any, email: str | None, **options: Any) -> str:
        return reset_link(email) if email else first_run_link()


def first_run_link() -> str:
    link = services.first_run_link()
    if link is None:
        raise CommandError("There is an owner already: ask an owner or admin for an invitation, or name an e-mail.")
    return link


def reset_link(email: str) -> str:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"Nobody here has the e-mail {email}. Check the spelling.")
    return links.reset_link(user)
