from django.urls import path

from webapp.translate import views

app_name = "translate"
urlpatterns = [
    path("", views.home, name="home"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
]
