from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "webapp.chat"
    label = "chat"

    def ready(self) -> None:
        from webapp.chat import autotitle, import_services, tasks  # noqa: F401  (import_services has a Celery task)
        from webapp.chat.models import Task
        from webapp.chat.services import chat_params, chat_prompt, reply_ended
        from webapp.generation.signals import generation_ended

        generation_ended.connect(reply_ended, dispatch_uid="chat")
        generation_ended.connect(autotitle.generation_ended, dispatch_uid="titles")
        tasks.register(Task.CHAT, tasks.Room(chat_prompt, chat_params, _("Conversations"), _("New chat")))
