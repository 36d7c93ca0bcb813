"""What the worker does by itself each day."""

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from webapp.accounts.models import Invitation


@shared_task
def forget_what_lapsed() -> None:
    """Sessions and invitations that nobody can use any more."""
    call_command("clearsessions")
    Invitation.objects.filter(accepted_at=None, expires_at__lt=timezone.now()).delete()
