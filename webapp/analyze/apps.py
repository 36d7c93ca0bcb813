from django.apps import AppConfig


class AnalyzeConfig(AppConfig):
    name = "webapp.analyze"
    label = "analyze"
