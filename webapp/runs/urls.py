from django.urls import path

from webapp.runs import views

app_name = "runs"
urlpatterns = [
    path("", views.home, name="home"),
    path("new/", views.new, name="new"),
    path("new/files/", views.upload, name="upload"),
    path("new/files/list/", views.corpora, name="corpora"),
    path("files/<uuid:corpus_id>/delete/", views.delete_corpus, name="delete-corpus"),
    path("<uuid:run_id>/", views.run, name="run"),
    path("<uuid:run_id>/config.json", views.config, name="config"),
    path("<uuid:run_id>/log.txt", views.log, name="log"),
    path("<uuid:run_id>/tokens/", views.tokenize, name="tokens"),
    path("<uuid:run_id>/stop/", views.stop, name="stop"),
    path("<uuid:run_id>/resume/", views.resume, name="resume"),
    path("<uuid:run_id>/delete/", views.delete, name="delete"),
]
