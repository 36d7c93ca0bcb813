from django.urls import path

from webapp.chat import file_views, list_views, message_views, option_views, views

app_name = "chat"
urlpatterns = [
    path("chat/", views.home, name="home"),
    path("chat/new/", views.new, name="new"),
    path("chat/options/", option_views.preferences, name="preferences"),
    path("chat/<uuid:conversation_id>/options/", option_views.options, name="options"),
    path("chat/list/", list_views.conversations, name="list"),
    path("chat/search/", list_views.find, name="search"),
    path("settings/conversations/", file_views.files, name="files"),
    path("chat/<uuid:conversation_id>/export/<str:form>/", file_views.export, name="export"),
    path("chat/<uuid:conversation_id>/menu/", list_views.menu, name="menu"),
    path("chat/<uuid:conversation_id>/pin/", list_views.pin, name="pin"),
    path("chat/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("chat/<uuid:conversation_id>/messages/", views.post, name="post"),
    path("chat/<uuid:conversation_id>/older/<int:message_id>/", views.older, name="older"),
    path("chat/<uuid:conversation_id>/rename/", list_views.rename, name="rename"),
    path("chat/<uuid:conversation_id>/share/", list_views.share, name="share"),
    path("chat/<uuid:conversation_id>/delete/", list_views.delete, name="delete"),
    path("chat/<uuid:conversation_id>/restore/", list_views.restore, name="restore"),
    path("chat/<uuid:conversation_id>/stop/", views.stop, name="stop"),
    *[
        path(f"chat/<uuid:conversation_id>/messages/<int:message_id>/{name}/", view, name=name)
        for name, view in message_views.BY_NAME.items()
    ],
    path("shortcuts/", views.shortcuts, name="shortcuts"),
]
