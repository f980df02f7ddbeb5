"""Where a desk finds reports."""

from django.urls import path

from simpul.reports.views import requests
from simpul.reports.views import workspace as views

app_name = "reports"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("erasures/", requests.erasures, name="erasures"),
    path("erasures/<uuid:ref>/", requests.decide, name="decide"),
    path("<str:code>/", views.read, name="read"),
    path("<str:code>/answer/", views.answer, name="answer"),
    path("<str:code>/files/", views.send_file, name="send_file"),
    path("<str:code>/files/<uuid:ref>/", views.file, name="file"),
]
