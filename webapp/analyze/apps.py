from django.apps import AppConfig


class AnalyzeConfig(AppConfig):
    name = "webapp.analyze"
    label = "analyze"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from webapp.analyze import labelling
        from webapp.analyze.models import Analysis
        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.generation.signals import generation_ended

        tasks.register(Task.ANALYZE, tasks.Room(labelling.prompt, labelling.params))
        generation_ended.connect(labelling.generation_ended, dispatch_uid="analyze")
        post_delete.connect(labelling.forget_generations, sender=Analysis, dispatch_uid="analyze")
