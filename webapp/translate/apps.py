from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TranslateConfig(AppConfig):
    name = "webapp.translate"
    label = "translate"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from webapp.chat import tasks
        from webapp.chat.models import Task
        from webapp.generation.signals import generation_ended
        from webapp.translate import belongings, segments, services
        from webapp.translate.models import Segment

        generation_ended.connect(services.segment_ended, dispatch_uid="translate")
        post_delete.connect(segments.forget_generation, sender=Segment, dispatch_uid="translate")
        things, new = _("Translations"), _("New translation")
        room = tasks.Room(segments.whole_prompt, segments.whole_params, things, new, belongings=belongings)
        tasks.register(Task.TRANSLATE, room)
