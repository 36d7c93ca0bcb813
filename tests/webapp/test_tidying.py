"""What lapsed is forgotten; what still holds stays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from webapp.accounts.models import Invitation, Team
from webapp.launch.tasks import forget_what_lapsed

pytestmark = pytest.mark.django_db


def test_lapsed_sessions_and_invitations_go_and_the_others_stay(team: Team) -> None:
    old, _token = Invitation.issue(team=team)
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    waiting, _token = Invitation.issue(team=team)
    for age in (-1, 1):
        session = SessionStore()
        session.set_expiry(timezone.now() + timedelta(days=age))
        session.save()
    forget_what_lapsed()
    assert list(Invitation.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert Session.objects.count() == 1
