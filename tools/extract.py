"""Writes the sentences of the code and templates under the current directory into its Chinese catalogue."""

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.makemessages import Command


class Extraction(Command):
    xgettext_options = [*Command.xgettext_options, "--keyword=Sentence"]  # inference/sentences.py


settings.configure(LOCALE_PATHS=["locale"], USE_I18N=True)
django.setup()
call_command(
    Extraction(),
    locale=["zh_Hans"],
    extensions=["html", "txt", "py"],
    ignore_patterns=["tests", "var"],
    no_obsolete=True,
    no_wrap=True,
    add_location="file",  # line numbers would change with every edit
    verbosity=0,
)
