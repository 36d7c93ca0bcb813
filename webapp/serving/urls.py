from django.urls import path

from webapp.serving import adapter_views, views

app_name = "serving"
urlpatterns = [
    path("", views.home, name="home"),
    path("new/", views.new, name="new"),
    path("models/<uuid:model_id>/", views.model, name="model"),
    path("models/<uuid:model_id>/state/", views.state, name="state"),
    path("models/<uuid:model_id>/promote/", views.promote, name="promote"),
    path("models/<uuid:model_id>/roll-back/", views.roll_back, name="roll-back"),
    path("models/<uuid:model_id>/take-out/", views.take_out, name="take-out"),
    path("models/<uuid:model_id>/delete/", views.delete, name="delete"),
    path("adapters/", adapter_views.upload, name="upload"),
    path("adapters/<uuid:adapter_id>/", adapter_views.adapter, name="adapter"),
    path("adapters/<uuid:adapter_id>/state/", adapter_views.state, name="adapter-state"),
    path("adapters/<uuid:adapter_id>/adapter.zip", adapter_views.download, name="download"),
    path("adapters/<uuid:adapter_id>/merge/", adapter_views.merge, name="merge"),
    path("adapters/<uuid:adapter_id>/unmerge/", adapter_views.unmerge, name="unmerge"),
    path("adapters/<uuid:adapter_id>/model.zip", adapter_views.merged, name="merged"),
    path("adapters/<uuid:adapter_id>/delete/", adapter_views.delete, name="delete-adapter"),
]
