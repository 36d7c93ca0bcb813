from django.urls import path

from webapp.datasets import consent_views, row_views, views

app_name = "datasets"
urlpatterns = [
    path("settings/learning/", consent_views.page, name="consent"),
    path("settings/learning/<int:team_id>/", consent_views.say, name="say-consent"),
    path("datasets/", views.home, name="home"),
    path("datasets/new/", views.upload, name="upload"),
    path("datasets/gather/", views.gather, name="gather"),
    path("datasets/<uuid:dataset_id>/", views.dataset, name="dataset"),
    path("datasets/<uuid:dataset_id>/state/", views.state, name="state"),
    path("datasets/<uuid:dataset_id>/columns/", views.columns, name="columns"),
    path("datasets/<uuid:dataset_id>/keep/", views.keep, name="keep"),
    path("datasets/<uuid:dataset_id>/stop/", views.stop, name="stop"),
    path("datasets/<uuid:dataset_id>/name/", views.rename, name="rename"),
    path("datasets/<uuid:dataset_id>/inspect/", views.inspect, name="inspect"),
    path("datasets/<uuid:dataset_id>/mask/", views.mask, name="mask"),
    path("datasets/<uuid:dataset_id>/freeze/", views.freeze, name="freeze"),
    path("datasets/<uuid:dataset_id>/archive/", views.archive, name="archive"),
    path("datasets/<uuid:dataset_id>/delete/", views.delete, name="delete"),
    path("datasets/<uuid:dataset_id>/versions/<int:number>/<str:part>.jsonl", views.download, name="download"),
    path("datasets/<uuid:dataset_id>/rows/", row_views.rows, name="rows"),
    path("datasets/<uuid:dataset_id>/rows/review/", row_views.review_all, name="review-all"),
    path("datasets/<uuid:dataset_id>/rows/<int:number>/", row_views.row, name="row"),
    path("datasets/<uuid:dataset_id>/rows/<int:number>/review/", row_views.review, name="review"),
    path("datasets/<uuid:dataset_id>/rows/<int:number>/turns/", row_views.turns, name="turns"),
    path("datasets/<uuid:dataset_id>/rows/<int:number>/tokens/", row_views.tokens, name="tokens"),
]
