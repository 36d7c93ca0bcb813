from django.urls import path

from webapp.chat.beginning import BeginningConsumer
from webapp.chat.consumers import ChatConsumer
from webapp.chat.list_consumer import ListConsumer

sockets = [
    path("ws/chat/<uuid:conversation_id>/", ChatConsumer.as_asgi()),
    path("ws/chat/new/<int:team_id>/<uuid:conversation_id>/", BeginningConsumer.as_asgi()),
    path("ws/list/", ListConsumer.as_asgi()),
]
