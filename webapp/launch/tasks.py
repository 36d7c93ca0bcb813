"""What the worker does by itself each day."""

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from webapp.accounts.models import Invitation
from webapp.chat import import_services, keeping, search


@shared_task
def forget_what_lapsed() -> None:
    """Sessions and invitations that nobody can use any more, and conversations deleted long ago."""
    call_command("clearsessions")
    Invitation.objects.filter(accepted_at=None, expires_at__lt=timezone.now()).delete()
    keeping.purge_deleted()
    import_services.forget_imports()


@shared_task
def catch_up() -> None:
    """Files that wait to be imported, and words that the search has not stored yet, as of an older install."""
    import_services.read_waiting()
    while search.store_missing():
        pass
