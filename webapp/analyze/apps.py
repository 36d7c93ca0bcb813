from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyzeConfig(AppConfig):
    name = "webapp.analyze"
    label = "analyze"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from webapp.analyze import belongings, labelling
        from webapp.analyze.models import Analysis
        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.generation.signals import generation_ended

        things, new = _("Analyses"), _("New analysis")
        room = tasks.Room(labelling.prompt, labelling.params, things, new, belongings=belongings)
        tasks.register(Task.ANALYZE, room)
        generation_ended.connect(labelling.generation_ended, dispatch_uid="analyze")
        post_delete.connect(labelling.forget_generations, sender=Analysis, dispatch_uid="analyze")
