from django.urls import path

from webapp.translate.consumers import TranslateConsumer

sockets = [
    path("ws/translate/new/<int:team_id>/", TranslateConsumer.as_asgi()),
    path("ws/translate/<uuid:conversation_id>/", TranslateConsumer.as_asgi()),
]
