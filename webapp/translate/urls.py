from django.urls import path

from webapp.translate import views

app_name = "translate"
urlpatterns = [
    path("", views.home, name="home"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/text/", views.post, name="post"),
    path("<uuid:conversation_id>/thumb/", views.thumb, name="thumb"),
]
