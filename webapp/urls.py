"""Every page's address. tests/webapp/test_routes.py walks this table as five different people."""

from django.urls import include, path

urlpatterns = [
    path("", include("webapp.launch.urls")),
    path("", include("webapp.accounts.signin_urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("webapp.generation.urls")),
    path("", include("webapp.chat.urls")),
    path("write/", include("webapp.write.urls")),
    path("translate/", include("webapp.translate.urls")),
    path("ask/", include("webapp.ask.urls")),
    path("analyze/", include("webapp.analyze.urls")),
    path("", include("webapp.datasets.urls")),
    path("runs/", include("webapp.runs.urls")),
    path("serving/", include("webapp.serving.urls")),
    path("models/", include("webapp.catalog.urls")),
]
