from django.urls import path

from webapp.ask import views

app_name = "ask"
urlpatterns = [
    path("", views.home, name="home"),
    path("file/", views.file, name="file"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
]
