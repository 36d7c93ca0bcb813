from django.urls import path

from webapp.write import views

app_name = "write"
urlpatterns = [
    path("", views.home, name="home"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
]
