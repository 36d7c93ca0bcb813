"""The language of each request, and where htmx goes when the session has ended."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import resolve_url
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


def activate_language(request: HttpRequest) -> None:
    """As the account says, else the cookie, else as the browser asks."""
    chosen = request.user.language if request.user.is_authenticated else ""
    translation.activate(chosen or translation.get_language_from_request(request))


class LanguageMiddleware(LocaleMiddleware):
    """Django's own, which also sets Content-Language and Vary; stands after authentication, so that accounts count."""

    def process_request(self, request: HttpRequest) -> None:
        activate_language(request)
        request.LANGUAGE_CODE = translation.get_language()


def sign_in_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """htmx would swap the sign-in form into whatever was clicked; this sends the whole page there, and then back."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        htmx = HtmxDetails(request)
        if not htmx or not response.get("Location", "").startswith(f"{resolve_url(settings.LOGIN_URL)}?"):
            return response
        back = htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)
        return HttpResponseClientRedirect(redirect_to_login(back).url)

    return middleware
