"""A person's own settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import me
from webapp.accounts.forms import ProfileForm, ThemeForm
from webapp.accounts.middleware import activate_language


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=me(request))
    if form.is_valid():
        form.save()
        activate_language(request)
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """From the menu on every page: back to that page, or for htmx, which has changed it already, nothing."""
    form = ThemeForm(request.POST, instance=me(request))
    if not form.is_valid():
        return HttpResponse(_("There is no such theme."), status=400, content_type="text/plain; charset=utf-8")
    form.save()
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return (
        HttpResponse(status=204)
        if request.headers.get("HX-Request")
        else redirect(back if safe else "accounts:profile")
    )
