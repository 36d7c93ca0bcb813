from django.urls import path

from webapp.runs import lesson_views, views

app_name = "runs"
urlpatterns = [
    path("", views.home, name="home"),
    path("new/", views.new, name="new"),
    path("new/files/", views.upload, name="upload"),
    path("new/files/list/", views.corpora, name="corpora"),
    path("files/<uuid:corpus_id>/delete/", views.delete_corpus, name="delete-corpus"),
    path("teach/", lesson_views.teach, name="teach"),
    path("<uuid:run_id>/", views.run, name="run"),
    path("<uuid:run_id>/start/", lesson_views.start, name="start"),
    path("<uuid:run_id>/estimate/", lesson_views.estimate, name="estimate"),
    path("<uuid:run_id>/judge/", lesson_views.judge, name="judge"),
    path("<uuid:run_id>/config.json", views.config, name="config"),
    path("<uuid:run_id>/log.txt", views.log, name="log"),
    path("<uuid:run_id>/log/", views.log_more, name="log-more"),
    path("<uuid:run_id>/tokens/", views.tokenize, name="tokens"),
    path("<uuid:run_id>/stop/", views.stop, name="stop"),
    path("<uuid:run_id>/resume/", views.resume, name="resume"),
    path("<uuid:run_id>/delete/", views.delete, name="delete"),
]
