from django.apps import AppConfig


class AskConfig(AppConfig):
    name = "webapp.ask"
    label = "ask"

    def ready(self) -> None:
        from webapp.ask import room
        from webapp.chat import tasks
        from webapp.chat.models import Task

        tasks.register(Task.ASK, tasks.Room(room.prompt, room.params, "ask/message.html"))
