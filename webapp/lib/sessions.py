"""Whether a signed-in person still is, asked again while a socket stays open."""

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils.crypto import constant_time_compare


def still_signed_in(session_key: str, user_id: int) -> bool:
    """False after a sign-out, a change of the password elsewhere, or when the account was closed."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    session = SessionStore(session_key)
    return (
        user is not None
        and session.get(SESSION_KEY) == str(user_id)
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    )
