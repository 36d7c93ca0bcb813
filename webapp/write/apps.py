from django.apps import AppConfig


class WriteConfig(AppConfig):
    name = "webapp.write"
    label = "write"
