from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WriteConfig(AppConfig):
    name = "webapp.write"
    label = "write"

    def ready(self) -> None:
        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.write import belongings, room

        things, new = _("Documents"), _("New document")
        tasks.register(Task.WRITE, tasks.Room(room.prompt, room.params, things, new, belongings=belongings))
