"""Links that are handed to a person outside a page: absolute, under BASE_URL, never under what a Host header says."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from webapp.accounts.models import User


def absolute(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def join_link(token: str) -> str:
    return absolute(reverse("accounts:join", args=[token]))


def reset_link(user: User) -> str:
    """Where that person sets a new password. Good for PASSWORD_RESET_TIMEOUT, and dead once they have signed in."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return absolute(reverse("account_reset_password_from_key", kwargs=key))
