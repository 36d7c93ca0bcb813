from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "webapp.chat"
    label = "chat"

    def ready(self) -> None:
        from webapp.chat.services import reply_ended
        from webapp.generation.signals import generation_ended

        generation_ended.connect(reply_ended, dispatch_uid="chat")
