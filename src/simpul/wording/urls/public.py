"""Recorded readings, each at an address of its own."""

from django.urls import path

from simpul.wording.views import public as views

app_name = "wording"
urlpatterns = [path("<uuid:ref>.ogg", views.reading, name="reading")]
