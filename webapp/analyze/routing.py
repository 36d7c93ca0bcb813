from django.urls import path

from webapp.analyze.consumers import AnalysisConsumer

sockets = [path("ws/analyze/<uuid:conversation_id>/", AnalysisConsumer.as_asgi())]
