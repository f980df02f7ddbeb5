"""Where those who keep the texts edit, review and approve them."""

from django.urls import path

from simpul.wording.views import recordings
from simpul.wording.views import workspace as views

app_name = "wording"
urlpatterns = [
    path("", views.texts, name="texts"),
    path("drafts/", views.drafts, name="drafts"),
    path("text/<slug:room>/<slug:name>/<str:key>/", views.edit, name="edit"),
    path("editions/<uuid:ref>/", views.edition, name="edition"),
    path("editions/<uuid:ref>/preview/", views.preview, name="preview"),
    path("editions/<uuid:ref>/review/", views.review, name="review"),
    path("editions/<uuid:ref>/approve/", views.approve, name="approve"),
    path("editions/<uuid:ref>/end/", views.end, name="end"),
    path("recordings/", recordings.listed, name="recordings"),
    path("recordings/new/", recordings.add, name="add_recording"),
    path("recordings/<uuid:ref>/", recordings.show, name="recording"),
    path("recordings/<uuid:ref>/sound/", recordings.hear, name="sound"),
    path("recordings/<uuid:ref>/approve/", recordings.approve, name="approve_recording"),
    path("recordings/<uuid:ref>/end/", recordings.end, name="end_recording"),
]
