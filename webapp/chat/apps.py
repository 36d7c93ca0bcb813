from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "webapp.chat"
    label = "chat"

    def ready(self) -> None:
        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.chat.services import chat_params, chat_prompt, reply_ended
        from webapp.generation.signals import generation_ended

        generation_ended.connect(reply_ended, dispatch_uid="chat")
        tasks.register(Task.CHAT, tasks.Room(chat_prompt, chat_params))
