"""`manage.py doctor`: says in sentences what is wrong with this install, and exits 1 when something is."""

import sys

from django.core.management.base import BaseCommand

from webapp.launch import doctor


class Command(BaseCommand):
    help = "Say what is wrong with this install."
    requires_system_checks: list = []

    def handle(self, *args, **options) -> None:
        problems = doctor.all_problems()
        for problem in problems:
            self.stdout.write(f"- {problem}")
        if problems:
            sys.exit(1)
        self.stdout.write("All is well.")
