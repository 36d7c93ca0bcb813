from django.urls import path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from webapp.launch import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", RedirectView.as_view(pattern_name="chat:home"), name="root"),
    path("language/", set_language, name="set-language"),
]
