"""Where a desk finds reports."""

from django.urls import path

from simpul.reports.views import dictation, paper
from simpul.reports.views import workspace as views

app_name = "reports"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("new/", dictation.take_down, name="take_down"),
    path("paper/", paper.form_of_desk, name="paper"),
    path("<str:code>/", views.read, name="read"),
    path("<str:code>/answer/", views.answer, name="answer"),
    path("<str:code>/files/<uuid:ref>/", views.file, name="file"),
]
