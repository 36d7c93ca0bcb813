"""Every socket's address; tests/webapp/test_routes.py walks it as it walks the pages."""

from django.urls import path

from webapp.chat.consumers import ChatConsumer

sockets = [path("ws/chat/<uuid:conversation_id>/", ChatConsumer.as_asgi())]
