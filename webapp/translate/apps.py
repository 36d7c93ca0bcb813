from django.apps import AppConfig


class TranslateConfig(AppConfig):
    name = "webapp.translate"
    label = "translate"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.generation.signals import generation_ended
        from webapp.translate import segments, services
        from webapp.translate.models import Segment

        generation_ended.connect(services.segment_ended, dispatch_uid="translate")
        post_delete.connect(segments.forget_generation, sender=Segment, dispatch_uid="translate")
        tasks.register(Task.TRANSLATE, tasks.Room(segments.whole_prompt, segments.whole_params))
