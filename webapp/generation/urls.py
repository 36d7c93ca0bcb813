from django.urls import path

from webapp.generation import views

app_name = "generation"
urlpatterns = [
    path("settings/endpoints/", views.endpoints, name="endpoints"),
    path("settings/endpoints/<int:endpoint_id>/", views.endpoint, name="endpoint"),
    path("settings/endpoints/<int:endpoint_id>/test/", views.test, name="test-endpoint"),
    path("settings/endpoints/<int:endpoint_id>/remove/", views.remove, name="remove-endpoint"),
]
