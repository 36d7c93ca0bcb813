from django.urls import path

from webapp.analyze import views

app_name = "analyze"
urlpatterns = [
    path("", views.home, name="home"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
]
