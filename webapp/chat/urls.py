from django.urls import path

from webapp.chat import views

app_name = "chat"
urlpatterns = [
    path("chat/", views.home, name="home"),
    path("chat/new/", views.new, name="new"),
    path("chat/list/", views.conversations, name="list"),
    path("chat/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("chat/<uuid:conversation_id>/messages/", views.post, name="post"),
    path("chat/<uuid:conversation_id>/older/<int:message_id>/", views.older, name="older"),
    path("chat/<uuid:conversation_id>/rename/", views.rename, name="rename"),
    path("chat/<uuid:conversation_id>/share/", views.share, name="share"),
    path("chat/<uuid:conversation_id>/delete/", views.delete, name="delete"),
    path("chat/<uuid:conversation_id>/stop/", views.stop, name="stop"),
    path("chat/<uuid:conversation_id>/messages/<int:message_id>/regenerate/", views.regenerate, name="regenerate"),
    path("chat/<uuid:conversation_id>/messages/<int:message_id>/show/", views.show, name="show"),
]
