"""Where a desk keeps its services true, and finds others'."""

from django.urls import path

from simpul.directory.views import workspace as views

app_name = "directory"
urlpatterns = [
    path("", views.services, name="services"),
    path("partners/", views.partners, name="partners"),
    path("new/", views.add, name="add"),
    path("<uuid:ref>/", views.change, name="change"),
    path("<uuid:ref>/verify/", views.verify, name="verify"),
    path("<uuid:ref>/remove/", views.remove, name="remove"),
]
