from django.apps import AppConfig
from django.db.models.signals import post_delete


class DatasetsConfig(AppConfig):
    name = "webapp.datasets"
    label = "datasets"

    def ready(self) -> None:
        from webapp.accounts.models import Membership

        post_delete.connect(_left, sender=Membership, dispatch_uid="datasets.left")


def _left(instance, **kwargs) -> None:
    """Who leaves a team takes their consent along: afterwards they would have no way to withdraw it."""
    from webapp.datasets import consent

    consent.forget(instance.team_id, instance.user_id)
