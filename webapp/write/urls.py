from django.urls import path

from webapp.write import views

app_name = "write"
urlpatterns = [
    path("", views.home, name="home"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/change/", views.change, name="change"),
    path("<uuid:conversation_id>/edit/", views.edit, name="edit"),
    path("<uuid:conversation_id>/export/<slug:kind>/", views.export, name="export"),
    path("<uuid:conversation_id>/versions/", views.versions, name="versions"),
    path("<uuid:conversation_id>/versions/<int:message_id>/", views.version, name="version"),
    path("<uuid:conversation_id>/versions/<int:message_id>/show/", views.show, name="show"),
]
