from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AskConfig(AppConfig):
    name = "webapp.ask"
    label = "ask"

    def ready(self) -> None:
        from webapp.ask import belongings, room
        from webapp.chat import tasks
        from webapp.chat.models import Task

        things, new, template = _("Asked before"), _("New text"), "ask/message.html"
        tasks.register(Task.ASK, tasks.Room(room.prompt, room.params, things, new, template, belongings))
