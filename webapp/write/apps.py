from django.apps import AppConfig


class WriteConfig(AppConfig):
    name = "webapp.write"
    label = "write"

    def ready(self) -> None:
        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.write import room

        tasks.register(Task.WRITE, tasks.Room(room.prompt, room.params))
