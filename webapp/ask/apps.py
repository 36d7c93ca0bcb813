from django.apps import AppConfig


class AskConfig(AppConfig):
    name = "webapp.ask"
    label = "ask"
