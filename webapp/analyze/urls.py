from django.urls import path

from webapp.analyze import views

app_name = "analyze"
urlpatterns = [
    path("", views.home, name="home"),
    path("file/", views.file, name="file"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/column/", views.column, name="column"),
    path("<uuid:conversation_id>/stop/", views.stop, name="stop"),
    path("<uuid:conversation_id>/continue/", views.go_on, name="continue"),
    path("<uuid:conversation_id>/table.csv", views.download, name="download"),
    path("<uuid:conversation_id>/rows/<int:number>/label/", views.label, name="label"),
    path("<uuid:conversation_id>/rows/<int:number>/thumb/", views.thumb, name="thumb"),
]
