from django.urls import path

from webapp.runs.consumers import RunConsumer

sockets = [path("ws/runs/<uuid:run_id>/", RunConsumer.as_asgi())]
