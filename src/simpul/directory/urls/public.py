"""The public directory."""

from django.urls import path

from simpul.directory.views import public as views

app_name = "directory"
urlpatterns = [path("", views.places, name="places")]
