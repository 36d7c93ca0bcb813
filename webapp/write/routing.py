from django.urls import path

from webapp.write.consumers import DocumentConsumer

sockets = [path("ws/write/<uuid:conversation_id>/", DocumentConsumer.as_asgi())]
