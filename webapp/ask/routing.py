from django.urls import path

from webapp.ask.consumers import AskConsumer

sockets = [path("ws/ask/<uuid:conversation_id>/", AskConsumer.as_asgi())]
